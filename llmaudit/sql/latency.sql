/* Latency and time to first token as mergeable histograms. Grain: gateway, model, tier, measure, bucket.

   A bucket is the whole part of 20 x ln(milliseconds): edges 5% apart, so a quantile read from it is within 5%.
   Only good answers of a model count: a fast refusal is no fast answer, nor is one from a gateway's cache a model's. */
WITH timed AS (
    SELECT
        r.sold_gateway AS gateway,
        r.sold_model AS model,
        t.tier AS tier,
        r.latency_ms AS latency_ms,
        r.ttft_ms AS ttft_ms
    FROM resolved_requests AS r
    LEFT JOIN tiers AS t
        ON t.row_id = r.row_id
    WHERE r.status = 'ok' AND r.usage_status <> 'gateway_cache'
),
measured AS (
    SELECT t.gateway AS gateway, t.model AS model, t.tier AS tier, 'latency' AS measure, t.latency_ms AS ms FROM timed AS t
    UNION ALL
    SELECT t.gateway AS gateway, t.model AS model, t.tier AS tier, 'ttft' AS measure, t.ttft_ms AS ms FROM timed AS t
)
SELECT
    m.gateway AS gateway,
    m.model AS model,
    m.tier AS tier,
    m.measure AS measure,
    CAST(FLOOR(LN(m.ms) * 20) AS INTEGER) AS bucket,
    COUNT(*) AS requests
FROM measured AS m
WHERE m.ms >= 1
GROUP BY m.gateway, m.model, m.tier, m.measure, CAST(FLOOR(LN(m.ms) * 20) AS INTEGER)
