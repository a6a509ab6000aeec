/* Bill lines summed by everything that they are compared and priced by. Grain: one row per bill, day and such a key.

What a list price depends on is told apart for usage exports alone: bills of which no line has an amount. Of files of one
export that tell the same time in other groups (once by model, once by project) one counts: the one with most tokens, then
the one that tells most apart; `repeats` has the groups of the others. `bill_slots` are spans in which no rate changes. */
WITH exports AS (
    SELECT id_space
    FROM bill_lines
    GROUP BY id_space
    HAVING COUNT(billed_cost) + COUNT(effective_cost) + COUNT(list_cost) = 0
),
usage_lines AS (
    SELECT
        b.row_id,
        b.source_id,
        b.id_space,
        b.grain,
        b.period_start,
        b.sku,
        CASE WHEN b.tags LIKE '{%' THEN json_extract_string(b.tags, '$.context') END AS context,
        CASE WHEN b.tags LIKE '{%' THEN json_extract_string(b.tags, '$.speed') END AS speed,
        COALESCE(CASE WHEN b.tags LIKE '{%' THEN json_extract_string(b.tags, '$.inconsistent') END <> 'true', TRUE) AS is_consistent,
        CASE WHEN b.quantity_unit = 'tokens' THEN b.quantity ELSE 0 END AS tokens,
        -- a span shorter than a day; one that a change of price cuts in two has no slot
        CASE WHEN COALESCE(b.period_end, b.period_start) < b.period_start + INTERVAL 1 DAY AND b.grain <> 'day' THEN s.priced_at END AS price_slot
    FROM bill_lines b
    JOIN exports e ON e.id_space = b.id_space
    LEFT JOIN bill_slots s
        ON b.period_start >= s.slot_from AND b.period_start < s.slot_to AND COALESCE(b.period_end, b.period_start) <= s.slot_to
),
files AS (
    SELECT
        b.source_id,
        b.id_space,
        b.grain,
        concat_ws(
            ',',
            CASE WHEN COUNT(b.model_raw) > 0 THEN 'model' END,
            CASE WHEN COUNT(b.project) > 0 THEN 'project' END,
            CASE WHEN COUNT(b.key_id) > 0 THEN 'key' END,
            CASE WHEN COUNT(b.user_id) > 0 THEN 'user' END,
            CASE WHEN COUNT(b.service_tier) > 0 THEN 'service_tier' END,
            CASE WHEN COUNT(b.is_batch) > 0 THEN 'batch' END,
            CASE WHEN COUNT(b.region) > 0 THEN 'region' END,
            CASE WHEN COUNT(u.context) > 0 THEN 'context' END,
            CASE WHEN COUNT(u.speed) > 0 THEN 'speed' END
        ) AS apart
    FROM usage_lines u
    JOIN bill_lines b ON b.row_id = u.row_id
    GROUP BY b.source_id, b.id_space, b.grain
),
buckets AS (
    SELECT
        u.id_space,
        u.grain,
        u.period_start,
        u.sku,
        f.apart,
        ROW_NUMBER() OVER (
            PARTITION BY u.id_space, u.grain, u.period_start, u.sku
            ORDER BY SUM(u.tokens) DESC, LENGTH(f.apart) - LENGTH(REPLACE(f.apart, ',', '')) DESC, f.apart
        ) AS place
    FROM usage_lines u
    JOIN files f ON f.source_id = u.source_id AND f.id_space = u.id_space AND f.grain = u.grain
    GROUP BY u.id_space, u.grain, u.period_start, u.sku, f.apart
)
SELECT
    b.id_space AS bill,
    COALESCE(b.seller, 'unknown') AS seller,
    b.issuer AS issuer,
    b.grain AS grain,
    CAST(b.period_start AS DATE) AS day,
    b.model_raw AS model,
    b.token_kind AS token_kind,
    b.charge_category AS category,
    b.currency AS currency,
    b.per_usd AS per_usd,
    SUM(b.billed_cost) AS billed,
    SUM(b.effective_cost) AS effective,
    SUM(CASE WHEN b.quantity_unit = 'tokens' THEN b.quantity END) AS tokens,
    CAST(SUM(b.requests) AS BIGINT) AS requests,
    COUNT(*) AS lines,
    SUM(b.list_cost) AS listed,
    CASE WHEN u.row_id IS NOT NULL THEN b.sku END AS family,
    CASE WHEN u.row_id IS NOT NULL AND b.quantity_unit <> 'tokens' THEN b.quantity_unit END AS unit,
    SUM(CASE WHEN u.row_id IS NOT NULL AND b.quantity_unit <> 'tokens' THEN b.quantity END) AS pieces,
    CASE WHEN u.row_id IS NOT NULL THEN b.service_tier END AS service_tier,
    CASE WHEN u.row_id IS NOT NULL THEN b.is_batch END AS is_batch,
    CASE WHEN u.row_id IS NOT NULL THEN b.region END AS region,
    u.context AS context,
    u.speed AS speed,
    CASE WHEN t.place > 1 THEN t.apart END AS repeats,
    u.price_slot AS price_slot,
    COALESCE(u.is_consistent, TRUE) AS is_consistent
FROM bill_lines b
LEFT JOIN usage_lines u ON u.row_id = b.row_id
LEFT JOIN files f ON f.source_id = b.source_id AND f.id_space = b.id_space AND f.grain = b.grain AND u.row_id IS NOT NULL
LEFT JOIN buckets t
    ON t.id_space = b.id_space AND t.grain = b.grain AND t.apart = f.apart
    AND t.period_start IS NOT DISTINCT FROM b.period_start AND t.sku IS NOT DISTINCT FROM b.sku
WHERE ($since IS NULL OR b.period_start >= $since) AND ($until IS NULL OR b.period_start < $until)
GROUP BY ALL
ORDER BY ALL
