/* Each request with the keys of its rollup cell. Grain: one row per request. Portable subset (docs/architecture.md).

   Reads resolved_requests (with the local day of each), call_attempts, tiers (row_id, tier, task) and prompt_bands (block,
   band_from, band_to: prompt sizes in tokens between which no price steps; a block is 1,024 tokens, the last one all
   from 1,048,576 on; a join by block is a hash join, by the range alone it is not). Joins are best run as written: the
   large side first, the others are the ones to be held in memory. What follows the keys, other columns of the request,
   spares a second join by row_id. */
CREATE OR REPLACE TEMP VIEW keyed_requests AS
WITH blocked AS (
    SELECT
        r.*,
        CASE
            WHEN r.prompt_tokens >= 1048576 THEN 1048576
            ELSE r.prompt_tokens - r.prompt_tokens % 1024
        END AS prompt_block
    FROM resolved_requests AS r
)
SELECT
    z.row_id AS row_id,
    z.day AS day,
    z.price_slot AS price_slot,
    z.sold_gateway AS gateway,
    z.sold_seller AS seller,
    z.sold_sku AS sku,
    z.sold_model AS model,
    z.unresolved AS unresolved,
    t.tier AS tier,
    t.task AS task,
    b.band_from AS prompt_band,
    z.service_tier AS service_tier,
    COALESCE(z.is_batch, FALSE) AS is_batch,
    z.region_class AS region_class,
    COALESCE(z.needs_tools, FALSE) AS needs_tools,
    COALESCE(z.needs_json, FALSE) AS needs_json,
    COALESCE(z.needs_images, FALSE) AS needs_images,
    COALESCE(z.has_pii, FALSE) AS has_pii,
    z.feature AS feature,
    z.team AS team,
    z.status AS status,
    z.error_class AS error_class,
    COALESCE(a.attempt_kind, 'first') AS attempt_kind,
    z.usage_status AS usage_status,
    CASE WHEN z.billed_currency = 'USD' THEN z.billed_kind END AS billed_kind,
    z.slot_by AS slot_by,
    z.is_thinking AS is_thinking,
    COALESCE(z.web_searches, 0) > 0 AS has_searches,
    COALESCE(a.is_last, 1) AS is_last,
    z.input_tokens AS input_tokens,
    z.cache_read_tokens AS cache_read_tokens,
    z.cache_write_5m_tokens AS cache_write_5m_tokens,
    z.cache_write_1h_tokens AS cache_write_1h_tokens,
    z.cache_write_other_tokens AS cache_write_other_tokens,
    z.output_tokens AS output_tokens,
    z.reasoning_tokens AS reasoning_tokens,
    z.input_audio_tokens AS input_audio_tokens,
    z.input_image_tokens AS input_image_tokens,
    z.output_audio_tokens AS output_audio_tokens,
    z.output_image_tokens AS output_image_tokens,
    z.cache_read_audio_tokens AS cache_read_audio_tokens,
    z.web_searches AS web_searches,
    CASE WHEN z.billed_currency = 'USD' THEN z.billed_amount END AS billed_usd,
    z.prompt_tokens AS prompt_tokens,
    z.request_id AS request_id,
    z.call_id AS call_id,
    z.session_id AS session_id,
    z.trace_id AS trace_id,
    z.started_at AS started_at,
    z.ended_at AS ended_at,
    z.first_token_at AS first_token_at,
    z.latency_ms AS latency_ms,
    z.ttft_ms AS ttft_ms,
    z.endpoint AS endpoint,
    z.is_streamed AS is_streamed,
    z.http_status AS http_status,
    z.finish_reason AS finish_reason,
    z.user_id AS user_id,
    z.key_id AS key_id,
    z.max_output_tokens AS max_output_tokens,
    z.has_code AS has_code,
    z.prompt_chars AS prompt_chars,
    z.prompt_turns AS prompt_turns,
    z.template_hash AS template_hash,
    z.prompt_hash AS prompt_hash,
    z.system_hash AS system_hash
FROM blocked AS z
JOIN prompt_bands AS b
    ON b.block = z.prompt_block AND z.prompt_tokens >= b.band_from AND z.prompt_tokens < b.band_to
LEFT JOIN call_attempts AS a
    ON a.row_id = z.row_id
LEFT JOIN tiers AS t
    ON t.row_id = z.row_id
