/* Requests through gateways with the keys that their price depends on. Grain: one row per request. Portable subset
   (docs/architecture.md).

   Stands in for keyed_requests (keyed.sql) where only what gateways billed is asked for: nothing is said of tiers, attempts,
   features and needs, so that neither their tables nor their columns are read, and rollup.sql makes fewer cells of it. */
CREATE OR REPLACE TEMP VIEW keyed_requests AS
WITH blocked AS (
    SELECT
        r.*,
        CASE
            WHEN r.prompt_tokens >= 1048576 THEN 1048576
            ELSE r.prompt_tokens - r.prompt_tokens % 1024
        END AS prompt_block
    FROM resolved_requests AS r
    WHERE r.sold_gateway IS NOT NULL
)
SELECT
    z.day AS day,
    z.price_slot AS price_slot,
    z.sold_gateway AS gateway,
    z.sold_seller AS seller,
    z.sold_sku AS sku,
    z.sold_model AS model,
    z.unresolved AS unresolved,
    CAST(NULL AS INT) AS tier,
    CAST(NULL AS STRING) AS task,
    b.band_from AS prompt_band,
    z.service_tier AS service_tier,
    COALESCE(z.is_batch, FALSE) AS is_batch,
    z.region_class AS region_class,
    FALSE AS needs_tools,
    FALSE AS needs_json,
    FALSE AS needs_images,
    FALSE AS has_pii,
    CAST(NULL AS STRING) AS feature,
    CAST(NULL AS STRING) AS team,
    z.status AS status,
    CAST(NULL AS STRING) AS error_class,
    'first' AS attempt_kind,
    z.usage_status AS usage_status,
    CASE WHEN z.billed_currency = 'USD' THEN z.billed_kind END AS billed_kind,
    z.slot_by AS slot_by,
    z.is_thinking AS is_thinking,
    COALESCE(z.web_searches, 0) > 0 AS has_searches,
    1 AS is_last,
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
    CASE WHEN z.billed_currency = 'USD' THEN z.billed_amount END AS billed_usd
FROM blocked AS z
JOIN prompt_bands AS b
    ON b.block = z.prompt_block AND z.prompt_tokens >= b.band_from AND z.prompt_tokens < b.band_to
