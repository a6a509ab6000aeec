/* Good answers that were not streamed, or not at the ordinary service tier. Grain: one row per request. Portable subset.

   is_step: a turn of a conversation or a step of an agent, which the next one waits for. */
SELECT
    s.*,
    s.needs_tools OR COALESCE(s.prompt_turns, 1) > 1 AS is_step
FROM sliced_requests AS s
WHERE s.status = 'ok' AND NOT s.is_batch AND (COALESCE(s.is_streamed, FALSE) = FALSE OR s.service_tier IS NOT NULL)
