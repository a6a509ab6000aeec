/* The gateway that the requests of a file are taken to have passed whose log names none: the user's word, never the log's. */

ALTER TABLE sources ADD COLUMN IF NOT EXISTS assumed_gateway VARCHAR;  -- as given on the command line; NULL: none is assumed
