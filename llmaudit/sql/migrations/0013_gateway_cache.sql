/* Answers from gateways' own caches get a usage status of their own. Their formats have always kept an amount of 0 of a good answer
   only where the log shows such a hit (any other 0 is unknown), so that the rows that are there can be told by it. */

CREATE TEMP TABLE hits AS
SELECT r.row_id, r.usage_status <> 'reported' OR coalesce(r.input_tokens, 0) + coalesce(r.cache_read_tokens, 0)
    + coalesce(r.cache_write_5m_tokens, 0) + coalesce(r.cache_write_1h_tokens, 0) + coalesce(r.cache_write_other_tokens, 0)
    + coalesce(r.output_tokens, 0) = 0 AS is_uncounted
FROM requests r JOIN sources s ON s.source_id = r.source_id
WHERE r.status = 'ok' AND r.billed_amount = 0
    AND s.format IN (
        'litellm', 'litellm_payload', 'cloudflare', 'cloudflare_logpush', 'helicone', 'helicone_clickhouse', 'portkey', 'bifrost',
        'kong', 'llm_gateway'
    );

UPDATE requests SET input_tokens = NULL, cache_read_tokens = NULL, cache_write_5m_tokens = NULL, cache_write_1h_tokens = NULL,
    cache_write_other_tokens = NULL, output_tokens = NULL, reasoning_tokens = NULL
WHERE row_id IN (SELECT row_id FROM hits WHERE is_uncounted);

UPDATE sources SET sum_input_tokens = f.input, sum_output_tokens = f.output
FROM (
    SELECT source_id, sum(output_tokens) AS output,
        sum(coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(cache_write_5m_tokens, 0)
            + coalesce(cache_write_1h_tokens, 0) + coalesce(cache_write_other_tokens, 0)) AS input
    FROM requests
    WHERE source_id IN (SELECT r.source_id FROM requests r JOIN hits h ON h.row_id = r.row_id WHERE h.is_uncounted)
    GROUP BY source_id
) f
WHERE sources.source_id = f.source_id;

UPDATE requests SET usage_status = 'gateway_cache' WHERE row_id IN (SELECT row_id FROM hits);

DROP TABLE hits;
