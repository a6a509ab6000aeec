/* Requests as the cost check looks at them, before anything is joined. Grain: one row per request of the period.

   Reads resolved_requests. What prices depend on stands in columns that are never NULL, so that they join as they are. Amounts are
   US dollars, exact. */
CREATE OR REPLACE TEMP VIEW gate_priced AS
SELECT
    r.row_id AS row_id,
    r.feature AS feature_raw,
    r.template_hash AS template_hash,
    r.system_hash AS system_hash,
    r.endpoint AS route,
    r.team AS team,
    r.status AS status,
    r.sold_gateway AS gateway,
    r.sold_model AS model,
    r.user_id AS user_id,
    r.session_id AS session_id,
    r.request_id AS request_id,
    r.tags AS tags,
    CAST(EPOCH_MS(r.ended_at) - EPOCH_MS(r.started_at) AS DOUBLE) AS latency_ms,
    COALESCE(r.sold_seller, '') AS seller,
    COALESCE(r.sold_sku, '') AS sku,
    COALESCE(r.unresolved, '') AS unresolved,
    r.price_slot AS price_slot,
    r.slot_by AS slot_by,
    CASE WHEN r.is_thinking IS NULL THEN '' WHEN r.is_thinking THEN 'yes' ELSE 'no' END AS thinking,
    r.band_from AS band_from,
    COALESCE(r.service_tier, '') AS service_tier,
    COALESCE(r.is_batch, FALSE) AS is_batch,
    COALESCE(r.region_class, '-') AS region_class,
    CASE
        WHEN r.usage_status = 'gateway_cache' OR (r.usage_status = 'missing' AND r.status <> 'ok') THEN 'nothing used'
        ELSE r.usage_status
    END AS usage,
    CASE WHEN r.billed_currency = 'USD' AND r.billed_kind IS NOT NULL THEN r.billed_amount END AS billed_usd,
    r.prompt_tokens AS prompt,
    COALESCE(r.input_tokens, 0) AS input_tokens,
    COALESCE(r.cache_read_tokens, 0) AS cache_read_tokens,
    COALESCE(r.cache_write_5m_tokens, 0) AS cache_write_5m_tokens,
    COALESCE(r.cache_write_1h_tokens, 0) AS cache_write_1h_tokens,
    COALESCE(r.cache_write_other_tokens, 0) AS cache_write_other_tokens,
    COALESCE(r.output_tokens, 0) AS output_tokens,
    COALESCE(r.reasoning_tokens, 0) AS reasoning_tokens,
    COALESCE(r.input_audio_tokens, 0) AS input_audio_tokens,
    COALESCE(r.input_image_tokens, 0) AS input_image_tokens,
    COALESCE(r.output_audio_tokens, 0) AS output_audio_tokens,
    COALESCE(r.output_image_tokens, 0) AS output_image_tokens,
    COALESCE(r.cache_read_audio_tokens, 0) AS cache_read_audio_tokens,
    COALESCE(r.web_searches, 0) AS web_searches
FROM (SELECT q.*, {bands} AS band_from FROM resolved_requests AS q) AS r
