/* Each request with the keys of its rollup cell. Grain: one row per request. Portable subset (docs/architecture.md).

   Reads resolved_requests (with the local day of each), attempts, tiers (row_id, tier, task) and prompt_bands (band_from, band_to:
   prompt sizes in tokens between which no price steps). */
CREATE OR REPLACE TEMP VIEW keyed_requests AS
WITH sized AS (
    SELECT
        r.*,
        COALESCE(r.input_tokens, 0) + COALESCE(r.cache_read_tokens, 0) + COALESCE(r.cache_write_5m_tokens, 0)
            + COALESCE(r.cache_write_1h_tokens, 0) + COALESCE(r.cache_write_other_tokens, 0) AS prompt_tokens
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
    a.attempt_kind AS attempt_kind,
    z.usage_status AS usage_status,
    CASE WHEN z.billed_currency = 'USD' THEN z.billed_kind END AS billed_kind,
    z.slot_by AS slot_by,
    z.is_thinking AS is_thinking,
    COALESCE(z.web_searches, 0) > 0 AS has_searches,
    a.is_last AS is_last,
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
    z.web_searches AS web_searches,
    CASE WHEN z.billed_currency = 'USD' THEN z.billed_amount END AS billed_usd
FROM sized AS z
JOIN prompt_bands AS b
    ON z.prompt_tokens >= b.band_from AND z.prompt_tokens < b.band_to
JOIN attempts AS a
    ON a.row_id = z.row_id
LEFT JOIN tiers AS t
    ON t.row_id = z.row_id
