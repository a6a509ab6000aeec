/* Requests of two logs as rows of a shadow test. Grain: one row per request and arm. Portable subset (docs/architecture.md).

   Reads resolved_requests (every request, with the catalog's model), tiers, and shadow_sources (source_id, arm: which files
   hold which arm). `join_key` is the column that ties a request to its shadow: the request's own id, its trace, or the
   hash of its prompt. Where a key occurs several times on a side (a prompt asked twice) the n-th of one side meets the
   n-th of the other, in order of time. The side that is best held in memory stands on the right of its join. */
WITH keyed AS (
    SELECT
        r.row_id AS row_id,
        s.arm AS arm,
        CASE k.join_by
            WHEN 'id' THEN COALESCE(r.call_id, r.request_id)
            WHEN 'trace' THEN r.trace_id
            ELSE r.prompt_hash
        END AS join_key,
        ROW_NUMBER() OVER (
            PARTITION BY
                s.arm,
                CASE k.join_by
                    WHEN 'id' THEN COALESCE(r.call_id, r.request_id)
                    WHEN 'trace' THEN r.trace_id
                    ELSE r.prompt_hash
                END
            ORDER BY r.started_at, r.row_id
        ) AS place
    FROM resolved_requests AS r
    JOIN shadow_sources AS s
        ON s.source_id = r.source_id
    CROSS JOIN shadow_join AS k
)
SELECT
    q.row_id AS line,
    CONCAT(q.join_key, '#', CAST(q.place AS VARCHAR)) AS pair_id,
    q.arm AS arm,
    n.sold_model AS model,
    CAST(t.tier AS BIGINT) AS tier,
    n.user_id AS user_id,
    n.session_id AS session_id,
    n.started_at AS at,
    n.latency_ms AS latency_ms,
    n.ttft_ms AS ttft_ms,
    n.status AS status,
    CASE WHEN n.billed_currency = 'USD' THEN n.billed_amount END AS cost_usd,
    n.input_tokens AS input_tokens,
    n.cache_read_tokens AS cache_read_tokens,
    n.cache_write_5m_tokens AS cache_write_5m_tokens,
    n.cache_write_1h_tokens AS cache_write_1h_tokens,
    n.cache_write_other_tokens AS cache_write_other_tokens,
    n.output_tokens AS output_tokens,
    n.usage_status = 'gateway_cache' AS cached,
    n.feature AS route,
    n.template_hash AS template_hash,
    n.request_id AS request_id
FROM resolved_requests AS n
JOIN keyed AS q
    ON q.row_id = n.row_id
LEFT JOIN tiers AS t
    ON t.row_id = q.row_id
WHERE q.join_key IS NOT NULL
