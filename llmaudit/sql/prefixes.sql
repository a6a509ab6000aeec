/* How much of a prompt's beginning was sent before, and when. Grain: one row per request and claim. Portable subset.

   Only good answers whose log counts cached tokens. `amount` is what was paid in full of a beginning that may have been the same:
   at most the uncached tokens, less what was read or written. Claims, by what the log has to show for them:
     turn      of a conversation: more turns, the same system message, longer by the answer before
     grown     of one session: longer than the prompt before by at least its visible answer
     session   of one session: no longer than the shorter of the two prompts
     system    the share of the characters that the system messages have, which another request opened with too
     opening   no longer than the shorter of two prompts with the same system message (or template)
   and two rows without a claim: `written` (all that a session would write if it cached) and `alone` (a system message that no
   request had opened with before). minutes: since the request before, rounded up to a lifetime that sellers have; NULL is longer. */
WITH asked AS (
    SELECT
        s.row_id AS row_id,
        s.seller AS seller,
        s.sku AS sku,
        s.session_id AS session_id,
        s.system_hash AS system_hash,
        COALESCE(s.system_hash, s.template_hash) AS opening,
        s.started_at AS started_at,
        s.prompt_turns AS turns,
        s.prompt_tokens AS prompt_tokens,
        s.output_tokens - COALESCE(s.reasoning_tokens, 0) AS answer_tokens,
        s.input_tokens AS paid,
        s.prompt_tokens - s.input_tokens AS cached,
        CASE
            WHEN s.system_hash IS NULL OR s.prompt_chars IS NULL OR s.prompt_chars = 0 THEN 0
            ELSE COALESCE(CAST(FLOOR(CAST(s.prompt_tokens AS DOUBLE) * s.system_chars / s.prompt_chars) AS BIGINT), 0)
        END AS system_tokens
    FROM sliced_requests AS s
    WHERE s.status = 'ok' AND s.started_at IS NOT NULL AND s.input_tokens IS NOT NULL AND s.cache_read_tokens IS NOT NULL
        AND NOT s.is_batch AND s.prompt_tokens >= 256
        AND (s.session_id IS NOT NULL OR s.system_hash IS NOT NULL OR s.template_hash IS NOT NULL)
),
several AS (
    SELECT a.session_id AS session_id
    FROM asked AS a
    WHERE a.session_id IS NOT NULL
    GROUP BY a.session_id
    HAVING COUNT(*) > 1
),
talked AS ( /* only sessions of several: in many logs each request has one of its own, and to put those in order is dear */
    SELECT
        a.*,
        LAG(a.prompt_tokens) OVER (
            PARTITION BY a.session_id, a.seller, a.sku, a.system_hash ORDER BY a.started_at, a.row_id
        ) AS prompt_before,
        LAG(a.answer_tokens) OVER (
            PARTITION BY a.session_id, a.seller, a.sku, a.system_hash ORDER BY a.started_at, a.row_id
        ) AS answer_before,
        LAG(a.turns) OVER (
            PARTITION BY a.session_id, a.seller, a.sku, a.system_hash ORDER BY a.started_at, a.row_id
        ) AS turns_before,
        LAG(a.started_at) OVER (
            PARTITION BY a.session_id, a.seller, a.sku, a.system_hash ORDER BY a.started_at, a.row_id
        ) AS started_before
    FROM asked AS a
    JOIN several AS v
        ON v.session_id = a.session_id
),
opened AS (
    SELECT
        a.*,
        LAG(a.prompt_tokens) OVER (
            PARTITION BY a.opening, a.seller, a.sku ORDER BY a.started_at, a.row_id
        ) AS prompt_before,
        LAG(a.started_at) OVER (
            PARTITION BY a.opening, a.seller, a.sku ORDER BY a.started_at, a.row_id
        ) AS started_before
    FROM asked AS a
    WHERE a.opening IS NOT NULL
),
claimed AS (
    SELECT
        t.row_id AS row_id,
        CASE
            WHEN t.answer_before > 0 AND t.prompt_tokens >= t.prompt_before + t.answer_before
                AND (t.turns IS NULL OR t.turns_before IS NULL OR t.turns > t.turns_before)
            THEN CASE WHEN t.turns > t.turns_before AND t.system_hash IS NOT NULL THEN 'turn' ELSE 'grown' END
            ELSE 'session'
        END AS claim,
        LEAST(t.prompt_before, t.prompt_tokens) AS prefix,
        t.started_at AS started_at,
        t.started_before AS started_before,
        t.paid AS paid,
        t.cached AS cached
    FROM talked AS t
    WHERE t.prompt_before IS NOT NULL
    UNION ALL
    SELECT
        o.row_id AS row_id,
        CASE WHEN o.prompt_before IS NULL THEN 'alone' ELSE 'system' END AS claim,
        LEAST(o.system_tokens, o.prompt_tokens, COALESCE(o.prompt_before, o.prompt_tokens)) AS prefix,
        o.started_at AS started_at,
        o.started_before AS started_before,
        o.paid AS paid,
        o.cached AS cached
    FROM opened AS o
    WHERE o.system_tokens > 0
    UNION ALL
    SELECT
        o.row_id AS row_id,
        'opening' AS claim,
        LEAST(o.prompt_before, o.prompt_tokens) AS prefix,
        o.started_at AS started_at,
        o.started_before AS started_before,
        o.paid AS paid,
        o.cached AS cached
    FROM opened AS o
    WHERE o.prompt_before IS NOT NULL
),
banded AS (
    SELECT
        c.row_id AS row_id,
        c.claim AS claim,
        CASE
            WHEN c.prefix >= 8192 THEN 8192
            WHEN c.prefix >= 6144 THEN 6144
            WHEN c.prefix >= 4096 THEN 4096
            WHEN c.prefix >= 2048 THEN 2048
            WHEN c.prefix >= 1024 THEN 1024
            WHEN c.prefix >= 512 THEN 512
            ELSE 256
        END AS prefix_from,
        CASE
            WHEN c.started_at <= c.started_before + INTERVAL '5' MINUTE THEN 5
            WHEN c.started_at <= c.started_before + INTERVAL '10' MINUTE THEN 10
            WHEN c.started_at <= c.started_before + INTERVAL '30' MINUTE THEN 30
            WHEN c.started_at <= c.started_before + INTERVAL '60' MINUTE THEN 60
            WHEN c.started_at <= c.started_before + INTERVAL '24' HOUR THEN 1440
        END AS minutes,
        LEAST(c.paid, GREATEST(c.prefix - c.cached, 0)) AS amount
    FROM claimed AS c
    WHERE c.prefix >= 256
)
SELECT
    s.*,
    b.claim AS claim,
    b.prefix_from AS prefix_from,
    b.minutes AS minutes,
    b.amount AS amount
FROM sliced_requests AS s
JOIN banded AS b
    ON b.row_id = s.row_id
WHERE b.amount > 0
UNION ALL
SELECT
    w.*,
    'written' AS claim,
    CASE
        WHEN w.prompt_tokens >= 8192 THEN 8192
        WHEN w.prompt_tokens >= 6144 THEN 6144
        WHEN w.prompt_tokens >= 4096 THEN 4096
        WHEN w.prompt_tokens >= 2048 THEN 2048
        WHEN w.prompt_tokens >= 1024 THEN 1024
        WHEN w.prompt_tokens >= 512 THEN 512
        ELSE 256
    END AS prefix_from,
    NULL AS minutes,
    w.input_tokens AS amount
FROM sliced_requests AS w
WHERE w.session_id IS NOT NULL AND w.status = 'ok' AND w.started_at IS NOT NULL AND w.input_tokens > 0
    AND w.cache_read_tokens IS NOT NULL AND NOT w.is_batch AND w.prompt_tokens >= 256
