/* Bills: lines at their own grain, never made into requests. */

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
