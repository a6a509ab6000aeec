/* Which attempt of its call each request was. Grain: one row per request. Portable subset (docs/architecture.md).

   A call is what the application asked for. Requests that share a call id are its attempts, in order of time; a request
   without a call id is a call of its own. Only calls of several requests are put in order (call_attempts): most have one,
   and a window over every request is the dearest thing there is. call_attempts may be kept as a table or as a view. */
CREATE OR REPLACE TEMP TABLE call_attempts AS
WITH repeated AS (
    SELECT p.call_id AS call_id
    FROM period_requests AS p
    WHERE p.call_id IS NOT NULL
    GROUP BY p.call_id
    HAVING COUNT(*) > 1
),
grouped AS (
    SELECT
        r.row_id AS row_id,
        r.status AS status,
        r.started_at AS started_at,
        COALESCE(r.attempt, 0) AS attempt_given,
        r.call_id AS call_id,
        CONCAT(COALESCE(r.sold_seller, ''), ' ', r.sold_model) AS route
    FROM resolved_requests AS r
    JOIN repeated AS c
        ON c.call_id = r.call_id
),
ordered AS (
    SELECT
        g.row_id AS row_id,
        g.route AS route,
        ROW_NUMBER() OVER (PARTITION BY g.call_id ORDER BY g.started_at NULLS LAST, g.attempt_given, g.row_id) AS attempt_no,
        COUNT(*) OVER (PARTITION BY g.call_id) AS attempt_count,
        LAG(g.status) OVER (PARTITION BY g.call_id ORDER BY g.started_at NULLS LAST, g.attempt_given, g.row_id) AS status_before,
        LAG(g.route) OVER (PARTITION BY g.call_id ORDER BY g.started_at NULLS LAST, g.attempt_given, g.row_id) AS route_before
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
FROM ordered AS o;

CREATE OR REPLACE TEMP VIEW attempts AS
SELECT
    r.row_id AS row_id,
    COALESCE(c.attempt_kind, 'first') AS attempt_kind,
    COALESCE(c.is_last, 1) AS is_last
FROM period_requests AS r
LEFT JOIN call_attempts AS c
    ON c.row_id = r.row_id
