/* Requests of two logs as rows of a shadow test. Grain: one row per request and arm. Portable subset (docs/architecture.md).

   Reads requests, resolved_requests (the catalog's model of each), tiers, and shadow_sources (source_id, arm: which files
   hold which arm). `join_key` is the column that ties a request to its shadow: the request's own id, its trace, or the
   hash of its prompt. Where a key occurs several times on a side (a prompt asked twice) the n-th of one side meets the
   n-th of the other, in order of time. */
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
    FROM requests AS r
    JOIN shadow_sources AS s
        ON s.source_id = r.source_id
    CROSS JOIN shadow_join AS k
)
SELECT
    q.row_id AS line,
    CONCAT(q.join_key, '#', CAST(q.place AS VARCHAR)) AS pair_id,
    q.arm AS arm,
    n.model AS model,
    CAST(t.tier AS BIGINT) AS tier,
    r.user_id AS user_id,
    r.session_id AS session_id,
    r.started_at AS at,
    CAST(EPOCH_MS(r.ended_at) - EPOCH_MS(r.started_at) AS DOUBLE) AS latency_ms,
    CAST(EPOCH_MS(r.first_token_at) - EPOCH_MS(r.started_at) AS DOUBLE) AS ttft_ms,
    r.status AS status,
    CASE WHEN r.billed_currency = 'USD' THEN r.billed_amount END AS cost_usd,
    r.input_tokens AS input_tokens,
    r.cache_read_tokens AS cache_read_tokens,
    r.cache_write_5m_tokens AS cache_write_5m_tokens,
    r.cache_write_1h_tokens AS cache_write_1h_tokens,
    r.cache_write_other_tokens AS cache_write_other_tokens,
    r.output_tokens AS output_tokens,
    r.feature AS route,
    r.template_hash AS template_hash,
    r.request_id AS request_id
FROM keyed AS q
JOIN requests AS r
    ON r.row_id = q.row_id
JOIN resolved_requests AS n
    ON n.row_id = q.row_id
LEFT JOIN tiers AS t
    ON t.row_id = q.row_id
WHERE q.join_key IS NOT NULL
