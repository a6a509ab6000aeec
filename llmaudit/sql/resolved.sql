/* Each request with the names of the catalog for what it bought. Grain: one row per request. Portable subset.

   Reads period_requests (the requests of the period asked for, with dated_at, the start or the time assumed for a log
   without times, day, its local day, and latency_ms and ttft_ms, milliseconds from the start to the end and to the first
   token: engines have no common word for these),
   price_slots (slot_day, slot_from, slot_to, priced_at:
   spans of a UTC day in which no rate changes; a join by day alone is a hash join, by the range alone it is not) and
   sku_map (names as logged and the slot, to gateway, seller, sku, model; by_completion: 1 where the seller's prices go
   by the completion of a request; by_thinking: 1 where they depend on reasoning). Ranges are half-open; 1970-01-01
   stands for a request without a time. Names are read at dated_at.

   Gives every column of period_requests, the names as sold_*, and the whole prompt (five input counters) as
   prompt_tokens: what follows needs no second join. prompt_tokens is worked out first and not last, where DuckDB 2.0 would
   take the joins that follow for joins of a few rows, and order them badly. */
CREATE OR REPLACE TEMP VIEW resolved_requests AS
WITH slotted AS (
    SELECT
        r.*,
        COALESCE(r.gateway, '') AS gateway_raw,
        COALESCE(r.seller, '') AS seller_raw,
        COALESCE(r.model_served, r.model_requested, r.model_raw, '') AS name_raw,
        COALESCE(r.input_tokens, 0) + COALESCE(r.cache_read_tokens, 0) + COALESCE(r.cache_write_5m_tokens, 0)
            + COALESCE(r.cache_write_1h_tokens, 0) + COALESCE(r.cache_write_other_tokens, 0) AS prompt_tokens,
        COALESCE(s.priced_at, TIMESTAMP '1970-01-01 00:00:00') AS start_slot
    FROM period_requests AS r
    LEFT JOIN price_slots AS s
        ON CAST(r.dated_at AS DATE) = s.slot_day AND r.dated_at >= s.slot_from AND r.dated_at < s.slot_to
),
named AS (
    SELECT
        z.*,
        m.gateway AS sold_gateway,
        m.seller AS sold_seller,
        m.sku AS sold_sku,
        m.model AS sold_model,
        m.reason AS unresolved,
        m.by_completion AS by_completion,
        m.by_thinking AS by_thinking
    FROM slotted AS z
    JOIN sku_map AS m
        ON m.gateway_raw = z.gateway_raw
        AND m.seller_raw = z.seller_raw
        AND m.model_raw = z.name_raw
        AND m.price_slot = z.start_slot
)
SELECT
    n.*,
    CASE WHEN n.by_completion = 1 THEN COALESCE(e.priced_at, n.start_slot) ELSE n.start_slot END AS price_slot,
    CASE
        WHEN n.by_completion = 1 AND e.priced_at IS NOT NULL THEN 'completion'
        WHEN n.started_at IS NULL AND n.dated_at IS NOT NULL THEN 'assumed'
        ELSE 'start'
    END AS slot_by,
    CASE WHEN n.by_thinking = 1 THEN n.reasoning_tokens > 0 END AS is_thinking
FROM named AS n
LEFT JOIN price_slots AS e
    ON CAST(CASE WHEN n.by_completion = 1 THEN n.ended_at END AS DATE) = e.slot_day
    AND n.ended_at >= e.slot_from AND n.ended_at < e.slot_to
