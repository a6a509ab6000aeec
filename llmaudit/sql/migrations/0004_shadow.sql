/* Shadow tests: their pairs, what was decided before they were read, and the outcomes that certify a plan's legs. */

CREATE TABLE shadow_tests (         -- one row per test that was analysed
    test VARCHAR NOT NULL,
    plan VARCHAR NOT NULL,           -- JSON: margin, level, days, looks and the rest of what was decided
    details VARCHAR NOT NULL,        -- JSON: files, rows read and rejected, what a cluster is, notes
    timezone VARCHAR NOT NULL        -- in which its days begin
);

CREATE TABLE shadow_pairs (         -- one row per pair: a request answered by the primary and by its shadow
    test VARCHAR NOT NULL,
    pair_id VARCHAR NOT NULL,
    tier BIGINT,                     -- 0 to 3
    user_id VARCHAR,
    session_id VARCHAR,
    turn BIGINT,                     -- place in the conversation, from 0
    route VARCHAR,                   -- feature or endpoint
    template_hash VARCHAR,
    prompt_tokens BIGINT,            -- the primary's prompt, all five input counters
    shown_first VARCHAR,             -- whose answer the judge saw first: primary or shadow
    primary_line BIGINT,             -- where its row stands in the file; NULL where there is none
    primary_copies BIGINT,           -- rows the file has for it; the first one counts
    primary_model VARCHAR,
    primary_at TIMESTAMP,
    primary_latency_ms DOUBLE,
    primary_ttft_ms DOUBLE,
    primary_ok BOOLEAN,
    primary_score DOUBLE,
    primary_human_score DOUBLE,
    primary_success BOOLEAN,
    primary_cost_usd DECIMAL(18, 12), -- with retries, fallback and verification in
    primary_cached BOOLEAN,
    primary_cache_read_tokens BIGINT,
    primary_prompt_tokens BIGINT,
    primary_output_tokens BIGINT,
    primary_params VARCHAR,
    shadow_line BIGINT,
    shadow_copies BIGINT,
    shadow_model VARCHAR,
    shadow_at TIMESTAMP,
    shadow_latency_ms DOUBLE,
    shadow_ttft_ms DOUBLE,
    shadow_ok BOOLEAN,
    shadow_score DOUBLE,
    shadow_human_score DOUBLE,
    shadow_success BOOLEAN,
    shadow_cost_usd DECIMAL(18, 12),
    shadow_cached BOOLEAN,
    shadow_cache_read_tokens BIGINT,
    shadow_prompt_tokens BIGINT,
    shadow_output_tokens BIGINT,
    shadow_params VARCHAR
);

CREATE TABLE evals (                -- one row per outcome that may certify a leg: a model's answers on a tier against another's
    test VARCHAR NOT NULL,
    tier INTEGER,                    -- NULL: all tiers in the production mix
    model_from VARCHAR NOT NULL,     -- the model that serves the tier now
    model_to VARCHAR NOT NULL,       -- the model a plan would move it to
    metric VARCHAR NOT NULL,
    source VARCHAR NOT NULL,         -- shadow: paired outcomes of a shadow test
    verdict VARCHAR NOT NULL,        -- non-inferior, inferior, inconclusive or blocked
    certified BOOLEAN NOT NULL,      -- non-inferior at the level shared by all tiers, with enough pairs
    pairs BIGINT NOT NULL,           -- judged pairs
    clusters BIGINT NOT NULL,
    delta DOUBLE,                    -- shadow minus primary, in the score's unit
    bound DOUBLE,                    -- lower bound of it, valid over the planned looks
    margin DOUBLE NOT NULL,          -- the loss that was acceptable
    cost_ratio DOUBLE,               -- cost per request, shadow over primary
    cost_ratio_low DOUBLE,           -- 95% interval
    cost_ratio_high DOUBLE,
    first_at TIMESTAMP,
    last_at TIMESTAMP
);
