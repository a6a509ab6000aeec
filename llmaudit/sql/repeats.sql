/* Good answers to a prompt that had been answered before. Grain: one row per repeated request. Portable subset (docs/architecture.md).

   The same prompt is the same keyed hash at the same sku under the same limit and needs; a hash covers text, so prompts with
   images are left out. The answer before must have been there when the request began, and be of another call. A call of which an
   attempt has failed is a matter of retries, not of repeats. cut: `max_tokens` counts the request as well, `json` where JSON was
   asked for. */
WITH asked AS (
    SELECT
        s.row_id AS row_id,
        s.call_id AS call_id,
        s.started_at AS started_at,
        LAG(s.answered_at) OVER (
            PARTITION BY s.prompt_hash, s.gateway, s.seller, s.sku, s.model, s.max_output_tokens, s.needs_json, s.needs_tools
            ORDER BY s.started_at, s.row_id
        ) AS answered_before,
        LAG(s.call_id) OVER (
            PARTITION BY s.prompt_hash, s.gateway, s.seller, s.sku, s.model, s.max_output_tokens, s.needs_json, s.needs_tools
            ORDER BY s.started_at, s.row_id
        ) AS call_before
    FROM sliced_requests AS s
    WHERE s.prompt_hash IS NOT NULL AND s.started_at IS NOT NULL AND s.status = 'ok' AND NOT s.needs_images
),
failed AS (
    SELECT f.call_id AS call_id, MIN(f.started_at) AS failed_at
    FROM sliced_requests AS f
    WHERE f.status <> 'ok' AND f.call_id IS NOT NULL
    GROUP BY f.call_id
),
repeated AS (
    SELECT
        a.row_id AS row_id,
        CASE
            WHEN a.started_at <= a.answered_before + INTERVAL '1' HOUR THEN 1
            WHEN a.started_at <= a.answered_before + INTERVAL '24' HOUR THEN 24
            ELSE 168
        END AS within_hours
    FROM asked AS a
    LEFT JOIN failed AS f
        ON f.call_id = a.call_id
    WHERE a.answered_before <= a.started_at
        AND a.started_at <= a.answered_before + INTERVAL '168' HOUR
        AND (a.call_id IS NULL OR a.call_before IS NULL OR a.call_id <> a.call_before)
        AND (f.failed_at IS NULL OR f.failed_at > a.started_at)
)
SELECT
    s.*,
    p.within_hours AS within_hours,
    CASE WHEN s.is_cut AND NOT s.is_short THEN CASE WHEN s.needs_json THEN 'json' ELSE 'text' END END AS cut
FROM sliced_requests AS s
JOIN repeated AS p
    ON p.row_id = s.row_id
