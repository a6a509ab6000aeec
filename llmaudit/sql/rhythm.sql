/* When answers that were not streamed were asked for. Grain: gateway, feature, hour of the day (UTC). Portable subset. */
SELECT
    s.gateway AS gateway,
    s.feature AS feature,
    CAST(EXTRACT(HOUR FROM s.started_at) AS INTEGER) AS hour,
    COUNT(*) AS requests,
    MIN(s.day) AS first_day,
    MAX(s.day) AS last_day
FROM sliced_requests AS s
WHERE s.status = 'ok' AND NOT s.is_batch AND s.started_at IS NOT NULL AND COALESCE(s.is_streamed, FALSE) = FALSE
GROUP BY s.gateway, s.feature, CAST(EXTRACT(HOUR FROM s.started_at) AS INTEGER)
