/* Bills at their own grain; one call told by several files; what a file sums up to, so that `verify` can add again. */

ALTER TABLE requests ADD COLUMN prompt_language VARCHAR;  -- en, latin, cjk, cyrillic, arabic …: of the last user message
ALTER TABLE requests ADD COLUMN pii_classes VARCHAR;      -- email, phone, card, national-id: those found, comma-separated
ALTER TABLE conflicts ADD COLUMN kept_row_id BIGINT;      -- the row that counts
ALTER TABLE conflicts ADD COLUMN fields VARCHAR;          -- what the record says otherwise, comma-separated column names
ALTER TABLE sources ADD COLUMN masked BIGINT DEFAULT 0;   -- values that looked like live keys and were replaced
ALTER TABLE sources ADD COLUMN sum_billed DECIMAL(38, 12); -- of the rows that stand for this file
ALTER TABLE sources ADD COLUMN sum_input_tokens HUGEINT;   -- all five input counters
ALTER TABLE sources ADD COLUMN sum_output_tokens HUGEINT;

CREATE TABLE sightings (            -- one row per record of another file that tells a call which is there already
    told VARCHAR NOT NULL,           -- requests or bill_lines
    row_id BIGINT NOT NULL,          -- the row of that table which stands for it
    source_id INTEGER NOT NULL,
    line BIGINT NOT NULL,
    id_space VARCHAR NOT NULL,
    request_id VARCHAR
);

CREATE TABLE bill_lines (           -- one row per line of a bill or usage export (llmaudit/bills/base.py)
    row_id BIGINT NOT NULL,
    source_id INTEGER NOT NULL,
    id_space VARCHAR NOT NULL,       -- bills that share line keys
    line BIGINT NOT NULL,
    line_key VARCHAR,                -- the same key again is the same line (overlapping exports)
    seller VARCHAR,
    issuer VARCHAR,
    grain VARCHAR NOT NULL,          -- minute, hour, day, month, request or other
    period_start TIMESTAMP,          -- half-open
    period_end TIMESTAMP,
    sku VARCHAR,                     -- as the bill names it
    model_raw VARCHAR,
    token_kind VARCHAR,              -- input, cache_read, cache_write_*, output, input_all or other
    quantity DECIMAL(38, 12),        -- single units
    quantity_unit VARCHAR,
    requests BIGINT,
    list_cost DECIMAL(38, 12),       -- before discounts
    billed_cost DECIMAL(38, 12),     -- charged
    effective_cost DECIMAL(38, 12),  -- with prepayments spread out
    currency VARCHAR,
    charge_category VARCHAR,
    project VARCHAR,
    key_id VARCHAR,
    user_id VARCHAR,
    region VARCHAR,
    service_tier VARCHAR,
    is_batch BOOLEAN,
    tags VARCHAR                     -- JSON
);

UPDATE sources SET sum_billed = f.billed, sum_input_tokens = f.input, sum_output_tokens = f.output
FROM (
    SELECT source_id, sum(billed_amount) AS billed, sum(output_tokens) AS output,
        sum(coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(cache_write_5m_tokens, 0)
            + coalesce(cache_write_1h_tokens, 0) + coalesce(cache_write_other_tokens, 0)) AS input
    FROM requests
    GROUP BY source_id
) f
WHERE sources.source_id = f.source_id;
