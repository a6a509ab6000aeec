/* Audio that was read from a cache: a part of cache_read_tokens, which some sellers price apart from cached text. */

ALTER TABLE requests ADD COLUMN IF NOT EXISTS cache_read_audio_tokens BIGINT;  -- inside cache_read_tokens; NULL: not known
