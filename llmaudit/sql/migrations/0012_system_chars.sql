/* How long the system messages of a prompt are: the beginning that requests of one application share, and a cache could hold. */

ALTER TABLE requests ADD COLUMN IF NOT EXISTS system_chars BIGINT;   -- characters of the system messages that open the prompt
