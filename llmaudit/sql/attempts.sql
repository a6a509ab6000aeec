/* Which attempt of its call each request was. Grain: one row per request. Portable subset (docs/architecture.md).

   A call is what the application asked for. Requests that share a call id are its attempts, in order of time; a request
   without a call id is a call of its own. */
CREATE OR REPLACE TEMP VIEW attempts AS
WITH grouped AS (
    SELECT
        r.row_id AS row_id,
        r.status AS status,
        r.started_at AS started_at,
        COALESCE(r.attempt, 0) AS attempt,
        COALESCE(r.call_id, CAST(r.row_id AS VARCHAR)) AS call_key,
        CONCAT(COALESCE(r.sold_seller, ''), ' ', r.sold_model) AS route
    FROM resolved_requests AS r
),
ordered AS (
    SELECT
        g.row_id AS row_id,
        g.route AS route,
        ROW_NUMBER() OVER (PARTITION BY g.call_key ORDER BY g.started_at, g.attempt, g.row_id) AS attempt_no,
        COUNT(*) OVER (PARTITION BY g.call_key) AS attempt_count,
        LAG(g.status) OVER (PARTITION BY g.call_key ORDER BY g.started_at, g.attempt, g.row_id) AS status_before,
        LAG(g.route) OVER (PARTITION BY g.call_key ORDER BY g.started_at, g.attempt, g.row_id) AS route_before
    FROM grouped AS g
)
SELECT
    o.row_id AS row_id,
    CASE
        WHEN o.attempt_no = 1 OR o.status_before = 'ok' THEN 'first' /* a second answer after a good one is a new step */
        WHEN o.route_before = o.route THEN 'retry'
        ELSE 'fallback'
    END AS attempt_kind,
    CASE WHEN o.attempt_no = o.attempt_count THEN 1 ELSE 0 END AS is_last
FROM ordered AS o
