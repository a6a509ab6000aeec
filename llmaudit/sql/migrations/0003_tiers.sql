/* Two axes for tiers, and what the tagger keeps of a prompt's words: names of our own rules and phrases, never text. */

ALTER TABLE requests ADD COLUMN IF NOT EXISTS effort_hint BIGINT;    -- 0 to 2, by the prompt's words
ALTER TABLE requests ADD COLUMN IF NOT EXISTS hint_rule VARCHAR;     -- which text rule decided the task
ALTER TABLE requests ADD COLUMN IF NOT EXISTS hint_words VARCHAR;    -- phrases of our vocabulary it rests on
ALTER TABLE requests ADD COLUMN IF NOT EXISTS system_hash VARCHAR;   -- fingerprint of the system message's template
ALTER TABLE tiers ADD COLUMN IF NOT EXISTS effort INTEGER;           -- 0 to 2 whatever the stakes; NULL unknown
ALTER TABLE tiers ADD COLUMN IF NOT EXISTS stakes VARCHAR;           -- what makes an error dear; NULL none known
