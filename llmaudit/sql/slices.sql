/* Each request that was sent to a seller, with what its price and its levers depend on. Grain: one row per request. Portable
   subset (docs/architecture.md).

   Reads resolved_requests and tiers. The names are those of the cells (keyed.sql), so that rows folded from here are parts of
   cells. It is read once for each summary, so it is cheap: no window over all attempts, and {band} and {step} are put in as a CASE
   over the edges of prompt bands and over those at which a price steps, since a join by a range sorts all requests with everything they carry. */
CREATE OR REPLACE TEMP VIEW sliced_requests AS
SELECT
    z.row_id AS row_id,
    z.sold_gateway AS gateway,
    z.sold_seller AS seller,
    z.sold_sku AS sku,
    z.sold_model AS model,
    t.tier AS tier,
    z.feature AS feature,
    z.price_slot AS price_slot,
    z.slot_by AS slot_by,
    z.is_thinking AS is_thinking,
    {band} AS prompt_band,
    {step} AS price_step,
    z.service_tier AS service_tier,
    COALESCE(z.is_batch, FALSE) AS is_batch,
    z.region_class AS region_class,
    z.usage_status AS usage_status,
    CASE WHEN z.billed_currency = 'USD' THEN z.billed_kind END AS billed_kind,
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
    z.day AS day,
    z.started_at AS started_at,
    COALESCE(z.ended_at, z.started_at) AS answered_at,
    z.status AS status,
    z.error_class AS error_class,
    LOWER(z.finish_reason) AS finish_reason,
    COALESCE(LOWER(z.finish_reason) IN ('length', 'max_tokens', 'max_output_tokens', 'token_limit'), FALSE) AS is_cut,
    COALESCE(z.max_output_tokens <= 16, FALSE) AS is_short,
    z.is_streamed AS is_streamed,
    z.call_id AS call_id,
    z.session_id AS session_id,
    z.key_id AS key_id,
    z.max_output_tokens AS max_output_tokens,
    z.prompt_hash AS prompt_hash,
    z.template_hash AS template_hash,
    z.system_hash AS system_hash,
    z.prompt_chars AS prompt_chars,
    z.system_chars AS system_chars,
    z.prompt_turns AS prompt_turns,
    COALESCE(z.needs_tools, FALSE) AS needs_tools,
    COALESCE(z.needs_json, FALSE) AS needs_json,
    COALESCE(z.needs_images, FALSE) AS needs_images
FROM resolved_requests AS z
LEFT JOIN tiers AS t
    ON t.row_id = z.row_id
WHERE z.usage_status <> 'gateway_cache'
