/* Answer lengths reserved and used, and refusals by rate limits. Grain: gateway, model, feature. Portable subset.

   Only sellers' own limits count what is reserved; it costs no money. */
SELECT
    s.gateway AS gateway,
    s.model AS model,
    s.feature AS feature,
    COUNT(CASE WHEN s.status = 'ok' AND s.output_tokens IS NOT NULL THEN s.max_output_tokens END) AS limited,
    CAST(COALESCE(SUM(CASE WHEN s.status = 'ok' AND s.output_tokens IS NOT NULL THEN s.max_output_tokens END), 0) AS BIGINT)
        AS reserved_tokens,
    CAST(COALESCE(SUM(CASE WHEN s.status = 'ok' AND s.max_output_tokens IS NOT NULL THEN s.output_tokens END), 0) AS BIGINT)
        AS used_tokens,
    COUNT(CASE WHEN s.error_class = 'rate_limited' THEN 1 END) AS rate_limited
FROM sliced_requests AS s
WHERE s.max_output_tokens IS NOT NULL OR s.error_class = 'rate_limited'
GROUP BY s.gateway, s.model, s.feature
