/* The rate of exchange that a bill itself states. */

ALTER TABLE bill_lines ADD COLUMN per_usd DECIMAL(38, 12);  -- units of the line's currency for one US dollar, as the bill says
