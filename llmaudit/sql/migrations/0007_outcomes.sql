/* Outcomes of single answers, as evals, people and users scored them; what cannot be used is noted, never guessed. */

CREATE TABLE IF NOT EXISTS outcome_files (  -- one row per file of outcomes
    file_id INTEGER NOT NULL,
    path VARCHAR NOT NULL,
    content_sha256 VARCHAR NOT NULL, -- of the bytes: the same content again changes nothing
    records BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    duplicates BIGINT NOT NULL,      -- said before, with the same score
    conflicts BIGINT NOT NULL,       -- said before, with another score; the first one counts
    rejected BIGINT NOT NULL,
    CHECK (records = accepted + duplicates + conflicts + rejected)
);

CREATE TABLE IF NOT EXISTS outcomes (       -- one row per score of one answer
    file_id INTEGER NOT NULL,
    line BIGINT NOT NULL,
    request_id VARCHAR,              -- of the log, where the case is a logged request
    case_id VARCHAR,                 -- the same case answered by several models makes pairs
    template_hash VARCHAR,
    route VARCHAR,                   -- feature or endpoint
    tier INTEGER,
    task VARCHAR,
    model VARCHAR,                   -- as the file names it; NULL: the model that served the request
    metric VARCHAR NOT NULL,
    score DOUBLE NOT NULL,           -- in the metric's unit; more is better
    source VARCHAR NOT NULL,         -- judge, human or conversion
    user_id VARCHAR,                 -- what answers are alike within; a keyed hash where it is an address
    scored_at TIMESTAMP              -- UTC
);

CREATE TABLE IF NOT EXISTS outcome_problems ( -- one row per record that was rejected or contradicts another one
    file_id INTEGER NOT NULL,
    line BIGINT NOT NULL,
    kind VARCHAR NOT NULL,           -- rejected or conflict
    field VARCHAR,
    reason VARCHAR NOT NULL
);
