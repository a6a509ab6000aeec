/* Good answers to prompts that cross a step of some price list by no more than a half. Grain: one row per request. Portable subset.

   price_step is the largest prompt size, up to that of the request, at which some price steps. excess: tokens to take away for the prompt to be one below it. */
WITH long AS (
    SELECT s.*, s.prompt_tokens - s.price_step + 1 AS excess
    FROM sliced_requests AS s
    WHERE s.price_step > 0 AND s.status = 'ok' AND s.input_tokens IS NOT NULL
        AND (s.prompt_tokens - s.price_step + 1) * 2 <= s.price_step
)
SELECT
    l.*,
    CASE
        WHEN l.excess * 50 <= l.price_step THEN 2
        WHEN l.excess * 20 <= l.price_step THEN 5
        WHEN l.excess * 10 <= l.price_step THEN 10
        WHEN l.excess * 4 <= l.price_step THEN 25
        ELSE 50
    END AS within_pct,
    LEAST(l.excess, l.input_tokens) AS cut_input
FROM long AS l
WHERE l.excess <= l.input_tokens
