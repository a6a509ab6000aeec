--
-- PostgreSQL database dump
--

SET client_encoding = 'UTF8';

COPY public."LiteLLM_TeamTable" (team_id, team_alias) FROM stdin;
t-1	search
\.

COPY public."LiteLLM_SpendLogs" (request_id, call_type, api_key, spend, total_tokens, prompt_tokens, completion_tokens, "startTime", "endTime", "completionStartTime", model, model_id, model_group, custom_llm_provider, api_base, "user", metadata, cache_hit, cache_key, request_tags, team_id, end_user, requester_ip_address, messages, response, proxy_server_request, session_id, status, mcp_namespaced_tool_name, organization_id, agent_id, request_duration_ms, created_at, updated_at, litellm_call_id, billing_agent_id) FROM stdin;
msg_01Fern	acompletion	88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b	0.02715	12000	11000	1000	2026-09-04 10:00:00.25	2026-09-04 10:00:04.25	2026-09-04 10:00:01	anthropic/claude-sonnet-4-5		smart	anthropic	https://api.anthropic.com/v1/messages	app-1	{"user_api_key_alias": "prod", "user_api_key_team_alias": "search", "attempted_retries": 0, "usage_object": {"prompt_tokens": 11000, "completion_tokens": 1000, "total_tokens": 12000, "prompt_tokens_details": {"cached_tokens": 8000, "cache_write_tokens": 1000, "cache_creation_tokens": 1000, "cache_creation_token_details": {"ephemeral_5m_input_tokens": 600, "ephemeral_1h_input_tokens": 400}}, "completion_tokens_details": {"reasoning_tokens": 400}}, "cost_breakdown": {"input_cost": 0.006, "output_cost": 0.015, "total_cost": 0.02715, "original_cost": 0.02715}}	False	Cache OFF	["feature:summary", "tier:2"]	t-1		\N	{}	{}	{}	s-1	success	\N			4000	2026-09-04 10:00:04.25	2026-09-04 10:00:04.25	c-1	\N
0b0f6f4e-9a57-4f0e-8f43-0c4a6c1f0001	acompletion	88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b	0	0	0	0	2026-09-04 10:01:00	2026-09-04 10:01:00.4	\N	gpt-4o		broken	openai	https://api.openai.com	app-1	{"user_api_key_alias": "prod", "attempted_retries": 1, "error_information": {"error_code": "429", "error_class": "RateLimitError", "llm_provider": "openai", "error_message": "Rate limit reached"}}	None	Cache OFF	[]	t-1		\N	{}	{}	{}	s-2	failure	\N			400	2026-09-04 10:01:00.4	2026-09-04 10:01:00.4	c-2	\N
chatcmpl-Fern2	acompletion	88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b	0.025000000000000001	11000	10000	1000	2026-09-04 10:01:00.5	2026-09-04 10:01:03.5	2026-09-04 10:01:03.5	gpt-4o-2024-08-06		backup	openai	https://api.openai.com	app-1	{"user_api_key_alias": "prod", "attempted_retries": 0, "attempted_fallbacks": 1, "original_model_group": "broken", "usage_object": {"prompt_tokens": 10000, "completion_tokens": 1000, "prompt_tokens_details": {"cached_tokens": 8000}}, "cost_breakdown": {"total_cost": 0.025}}	None	Cache OFF	[]	t-1		\N	{}	{}	{}	s-2	success	\N			3000	2026-09-04 10:01:03.5	2026-09-04 10:01:03.5	c-2	\N
chatcmpl-Fern3	acompletion	88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b	0	1500	1000	500	2026-09-04 10:02:00	2026-09-04 10:02:02	2026-09-04 10:02:00.3	azure_ai/deepseek-v3		cheap	azure_ai	https://fern.services.ai.azure.com	app-1	{"usage_object": {"prompt_tokens": 1000, "completion_tokens": 500}, "cost_breakdown": {"total_cost": 1.5e-06}}	None	Cache OFF	[]	t-1		\N	{}	{}	{}	s-3	success	\N			2000	2026-09-04 10:02:02	2026-09-04 10:02:02	c-3	\N
chatcmpl-Fern2_cache_hit1788516180.1	acompletion	88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b	0	11000	10000	1000	2026-09-04 10:03:00	2026-09-04 10:03:00.01	2026-09-04 10:03:00.01	gpt-4o-2024-08-06		backup	openai	\N	app-1	{"usage_object": {"prompt_tokens": 10000, "completion_tokens": 1000}, "cost_breakdown": {"total_cost": 0}}	True	9f2c	[]	t-1		\N	{}	{}	{}	s-4	success	\N			\N	2026-09-04 10:03:00.01	2026-09-04 10:03:00.01	c-4	\N
\.

--
-- PostgreSQL database dump complete
--
