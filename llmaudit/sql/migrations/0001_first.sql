/* The tables of an llmaudit database. Times are naive UTC; tokens are counts; amounts are as the log wrote them. */

CREATE TABLE meta (                 -- one row per setting of this database
    name VARCHAR NOT NULL,
    value VARCHAR NOT NULL
);

CREATE TABLE sources (              -- the ledger: one row per file, committed together with its requests
    source_id INTEGER NOT NULL,
    path VARCHAR NOT NULL,
    content_sha256 VARCHAR NOT NULL, -- of the decompressed bytes: the same content is the same file, whatever its name
    disk_bytes BIGINT NOT NULL,
    content_bytes BIGINT NOT NULL,
    format VARCHAR NOT NULL,
    since TIMESTAMP,                 -- the period that was asked for; records outside it are ignored
    until TIMESTAMP,
    lines BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    duplicates BIGINT NOT NULL,
    ignored BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    bills BIGINT NOT NULL,
    reasons VARCHAR NOT NULL,        -- JSON: counts of ignored and rejected records by reason
    first_at TIMESTAMP,
    last_at TIMESTAMP,
    CHECK (lines = accepted + duplicates + ignored + rejected + bills)
);

CREATE TABLE requests (             -- one row per upstream call (llmaudit/request.py says what each column means)
    row_id BIGINT NOT NULL,
    source_id INTEGER NOT NULL,
    id_space VARCHAR NOT NULL,       -- formats that share request ids
    line BIGINT NOT NULL,
    request_id VARCHAR,
    response_id VARCHAR,
    call_id VARCHAR,
    session_id VARCHAR,
    trace_id VARCHAR,
    attempt BIGINT,
    started_at TIMESTAMP,
    ended_at TIMESTAMP,
    first_token_at TIMESTAMP,
    gateway VARCHAR,
    seller VARCHAR,
    provider VARCHAR,
    model_raw VARCHAR,
    model_requested VARCHAR,
    model_served VARCHAR,
    endpoint VARCHAR,
    region_class VARCHAR,
    service_tier VARCHAR,
    is_batch BOOLEAN,
    is_streamed BOOLEAN,
    status VARCHAR NOT NULL,
    error_class VARCHAR,
    http_status BIGINT,
    finish_reason VARCHAR,
    billed_amount DECIMAL(18, 12),
    billed_currency VARCHAR,
    billed_kind VARCHAR,
    user_id VARCHAR,
    team VARCHAR,
    feature VARCHAR,
    key_id VARCHAR,
    tags VARCHAR,                    -- JSON
    stated_tier BIGINT,
    usage_status VARCHAR NOT NULL,   -- reported, estimated, missing or inconsistent
    input_tokens BIGINT,             -- neither read from nor written to a cache
    cache_read_tokens BIGINT,
    cache_write_5m_tokens BIGINT,
    cache_write_1h_tokens BIGINT,
    cache_write_other_tokens BIGINT,
    output_tokens BIGINT,            -- all billed output, reasoning included
    reasoning_tokens BIGINT,
    input_audio_tokens BIGINT,
    output_audio_tokens BIGINT,
    input_image_tokens BIGINT,
    output_image_tokens BIGINT,
    web_searches BIGINT,
    max_output_tokens BIGINT,
    prompt_chars BIGINT,
    prompt_turns BIGINT,
    template_hash VARCHAR,
    prompt_hash VARCHAR,
    task_hint VARCHAR,
    stakes_hint VARCHAR,
    needs_tools BOOLEAN,
    needs_json BOOLEAN,
    needs_images BOOLEAN,
    has_code BOOLEAN,
    has_pii BOOLEAN,
    raw_usage VARCHAR                -- JSON
);

CREATE TABLE rejects (              -- one row per rejected record, up to a cap per file; never its text
    source_id INTEGER NOT NULL,
    line BIGINT NOT NULL,
    reason VARCHAR NOT NULL,
    field VARCHAR
);

CREATE TABLE conflicts (            -- one row per record whose id was known with other content
    source_id INTEGER NOT NULL,
    line BIGINT NOT NULL,
    id_space VARCHAR NOT NULL,
    request_id VARCHAR NOT NULL
);

CREATE TABLE tiers (                -- one row per tagged request
    row_id BIGINT NOT NULL,
    tier INTEGER,                    -- NULL: nothing to go on
    task VARCHAR,
    signal VARCHAR NOT NULL,         -- which rule decided
    confidence DOUBLE NOT NULL,
    reason VARCHAR NOT NULL
);
