/* Good answers to prompts that cross a step of some price list by no more than a half. Grain: one row per request. Portable subset.

   prompt_band is the smallest prompt of the band. excess: tokens to take away for the prompt to be one below it. */
WITH long AS (
    SELECT s.*, s.prompt_tokens - s.prompt_band + 1 AS excess
    FROM sliced_requests AS s
    WHERE s.prompt_band > 0 AND s.status = 'ok' AND s.input_tokens IS NOT NULL
        AND (s.prompt_tokens - s.prompt_band + 1) * 2 <= s.prompt_band
)
SELECT
    l.*,
    CASE
        WHEN l.excess * 50 <= l.prompt_band THEN 2
        WHEN l.excess * 20 <= l.prompt_band THEN 5
        WHEN l.excess * 10 <= l.prompt_band THEN 10
        WHEN l.excess * 4 <= l.prompt_band THEN 25
        ELSE 50
    END AS within_pct,
    LEAST(l.excess, l.input_tokens) AS cut_input
FROM long AS l
WHERE l.excess <= l.input_tokens
