/* Answers that ended at their limit. Grain: one row per request. Portable subset.

   is_json: JSON was asked for, so that an answer without its end is of no use. is_short: the limit is a few tokens and meant so. */
SELECT
    s.*,
    s.needs_json AS is_json,
    COALESCE(s.max_output_tokens <= 16, FALSE) AS is_short
FROM sliced_requests AS s
WHERE s.status = 'ok' AND s.finish_reason IN ('length', 'max_tokens', 'max_output_tokens', 'token_limit')
