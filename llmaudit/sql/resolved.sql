/* Each request with the names of the catalog for what it bought. Grain: one row per request. Portable subset.

   Reads period_requests (the requests of the period asked for), price_slots (slot_from, slot_to, priced_at: spans in
   which no rate changes) and sku_map (names as logged and the slot, to gateway, seller, sku, model; by_completion: 1
   where the seller's prices go by the completion of a request; by_thinking: 1 where they depend on reasoning). Ranges
   are half-open; 1970-01-01 stands for a request without a time. Names are read at the start of a request. */
CREATE OR REPLACE TEMP VIEW resolved_requests AS
WITH slotted AS (
    SELECT
        r.row_id AS row_id,
        r.ended_at AS ended_at,
        r.reasoning_tokens AS reasoning_tokens,
        COALESCE(r.gateway, '') AS gateway_raw,
        COALESCE(r.seller, '') AS seller_raw,
        COALESCE(r.model_served, r.model_requested, r.model_raw, '') AS model_raw,
        COALESCE(s.priced_at, TIMESTAMP '1970-01-01 00:00:00') AS price_slot
    FROM period_requests AS r
    LEFT JOIN price_slots AS s
        ON r.started_at >= s.slot_from AND r.started_at < s.slot_to
),
named AS (
    SELECT
        z.row_id AS row_id,
        z.price_slot AS price_slot,
        z.ended_at AS ended_at,
        z.reasoning_tokens AS reasoning_tokens,
        m.gateway AS gateway,
        m.seller AS seller,
        m.sku AS sku,
        m.model AS model,
        m.reason AS unresolved,
        m.by_completion AS by_completion,
        m.by_thinking AS by_thinking
    FROM slotted AS z
    JOIN sku_map AS m
        ON m.gateway_raw = z.gateway_raw
        AND m.seller_raw = z.seller_raw
        AND m.model_raw = z.model_raw
        AND m.price_slot = z.price_slot
),
completed AS (
    SELECT n.row_id AS row_id, s.priced_at AS price_slot
    FROM named AS n
    JOIN price_slots AS s
        ON n.ended_at >= s.slot_from AND n.ended_at < s.slot_to
    WHERE n.by_completion = 1
)
SELECT
    n.row_id AS row_id,
    COALESCE(c.price_slot, n.price_slot) AS price_slot,
    CASE WHEN c.price_slot IS NULL THEN 'start' ELSE 'completion' END AS slot_by,
    CASE WHEN n.by_thinking = 1 THEN n.reasoning_tokens > 0 END AS is_thinking,
    n.gateway AS gateway,
    n.seller AS seller,
    n.sku AS sku,
    n.model AS model,
    n.unresolved AS unresolved
FROM named AS n
LEFT JOIN completed AS c
    ON c.row_id = n.row_id
