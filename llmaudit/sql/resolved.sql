/* Each request with the names of the catalog for what it bought. Grain: one row per request. Portable subset.

   Reads period_requests (the requests of the period asked for), price_slots (slot_from, slot_to, priced_at: spans in
   which no rate changes) and sku_map (names as logged and the slot, to gateway, seller, sku, model). Ranges are
   half-open; 1970-01-01 stands for a request without a time. */
CREATE OR REPLACE TEMP VIEW resolved_requests AS
WITH slotted AS (
    SELECT
        r.row_id AS row_id,
        COALESCE(r.gateway, '') AS gateway_raw,
        COALESCE(r.seller, '') AS seller_raw,
        COALESCE(r.model_served, r.model_requested, r.model_raw, '') AS model_raw,
        COALESCE(s.priced_at, TIMESTAMP '1970-01-01 00:00:00') AS price_slot
    FROM period_requests AS r
    LEFT JOIN price_slots AS s
        ON r.started_at >= s.slot_from AND r.started_at < s.slot_to
)
SELECT
    z.row_id AS row_id,
    z.price_slot AS price_slot,
    m.gateway AS gateway,
    m.seller AS seller,
    m.sku AS sku,
    m.model AS model,
    m.reason AS unresolved
FROM slotted AS z
JOIN sku_map AS m
    ON m.gateway_raw = z.gateway_raw
    AND m.seller_raw = z.seller_raw
    AND m.model_raw = z.model_raw
    AND m.price_slot = z.price_slot
