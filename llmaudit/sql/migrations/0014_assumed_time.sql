/* When the requests of a file are taken to have been made whose log has no time: the user's word, never the log's. */

ALTER TABLE sources ADD COLUMN IF NOT EXISTS assumed_at TIMESTAMP;  -- UTC; NULL: nothing is assumed, and they have no price
ALTER TABLE sources ADD COLUMN IF NOT EXISTS assumed_by VARCHAR;    -- given (on the command line) or file (the date of the file)
