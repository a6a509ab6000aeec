/* What logs state beside tokens, so that a finding can tell nothing from not known. Grain: gateway. Portable subset. */
SELECT
    s.gateway AS gateway,
    COUNT(*) AS requests,
    COUNT(s.prompt_hash) AS prompts,
    COUNT(s.session_id) AS sessions,
    COUNT(CASE WHEN s.session_id IS NOT NULL OR s.system_hash IS NOT NULL OR s.template_hash IS NOT NULL THEN 1 END)
        AS beginnings,
    COUNT(CASE WHEN s.cache_read_tokens IS NOT NULL AND s.input_tokens IS NOT NULL THEN 1 END) AS cache_reads,
    COUNT(s.is_streamed) AS streamings,
    COUNT(s.finish_reason) AS endings,
    COUNT(s.max_output_tokens) AS limits,
    COUNT(s.service_tier) AS service_tiers,
    COUNT(s.region_class) AS regions,
    COUNT(s.reasoning_tokens) AS reasonings
FROM sliced_requests AS s
WHERE s.status = 'ok'
GROUP BY s.gateway
