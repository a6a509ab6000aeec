/* Requests folded into cells. Grain: one row per combination of the keys. Portable subset (docs/architecture.md).

   Every value is a sum, so cells of different files, days or machines add up. Tokens are counts, billed_usd is exact
   US dollars (DECIMAL). Sums over no known value are NULL: unknown, not 0. */
SELECT
    k.day AS day,
    k.price_slot AS price_slot,
    k.gateway AS gateway,
    k.seller AS seller,
    k.sku AS sku,
    k.model AS model,
    k.unresolved AS unresolved,
    k.tier AS tier,
    k.task AS task,
    k.prompt_band AS prompt_band,
    k.service_tier AS service_tier,
    k.is_batch AS is_batch,
    k.region_class AS region_class,
    k.needs_tools AS needs_tools,
    k.needs_json AS needs_json,
    k.needs_images AS needs_images,
    k.has_pii AS has_pii,
    k.feature AS feature,
    k.team AS team,
    k.status AS status,
    k.error_class AS error_class,
    k.attempt_kind AS attempt_kind,
    k.usage_status AS usage_status,
    k.billed_kind AS billed_kind,
    COUNT(*) AS requests,
    SUM(k.is_last) AS calls,
    SUM(k.input_tokens) AS sum_input_tokens,
    SUM(k.cache_read_tokens) AS sum_cache_read_tokens,
    SUM(k.cache_write_5m_tokens) AS sum_cache_write_5m_tokens,
    SUM(k.cache_write_1h_tokens) AS sum_cache_write_1h_tokens,
    SUM(k.cache_write_other_tokens) AS sum_cache_write_other_tokens,
    SUM(k.output_tokens) AS sum_output_tokens,
    SUM(k.reasoning_tokens) AS sum_reasoning_tokens,
    SUM(k.billed_usd) AS sum_billed_usd
FROM keyed_requests AS k
GROUP BY
    k.day, k.price_slot, k.gateway, k.seller, k.sku, k.model, k.unresolved, k.tier, k.task, k.prompt_band,
    k.service_tier, k.is_batch, k.region_class, k.needs_tools, k.needs_json, k.needs_images, k.has_pii, k.feature,
    k.team, k.status, k.error_class, k.attempt_kind, k.usage_status, k.billed_kind
