/* What a rollup has to know of the requests beforehand. Grain: one row per kind and value. Portable subset.

   Kinds: model (with the gateway and the seller that it was logged under), feature, team, signal (the tier rule that
   decided) and file (with the SHA-256 of its content). first_at, last_at and last_end (UTC) span the prices that are
   needed; requests are counted, and those of the kind model are all there are. */
WITH told AS (
    SELECT
        'model' AS kind,
        r.gateway AS gateway,
        r.seller AS seller,
        COALESCE(r.model_served, r.model_requested, r.model_raw) AS name,
        CAST(NULL AS VARCHAR) AS content,
        r.dated_at AS dated_at,
        r.ended_at AS ended_at
    FROM period_requests AS r
    UNION ALL
    SELECT
        'feature' AS kind, CAST(NULL AS VARCHAR) AS gateway, CAST(NULL AS VARCHAR) AS seller, r.feature AS name,
        CAST(NULL AS VARCHAR) AS content, r.dated_at AS dated_at, r.ended_at AS ended_at
    FROM period_requests AS r
    WHERE r.feature IS NOT NULL
    UNION ALL
    SELECT
        'team' AS kind, CAST(NULL AS VARCHAR) AS gateway, CAST(NULL AS VARCHAR) AS seller, r.team AS name,
        CAST(NULL AS VARCHAR) AS content, r.dated_at AS dated_at, r.ended_at AS ended_at
    FROM period_requests AS r
    WHERE r.team IS NOT NULL
    UNION ALL
    SELECT
        'signal' AS kind, CAST(NULL AS VARCHAR) AS gateway, CAST(NULL AS VARCHAR) AS seller, r.signal AS name,
        CAST(NULL AS VARCHAR) AS content, r.dated_at AS dated_at, r.ended_at AS ended_at
    FROM period_requests AS r
    WHERE r.signal IS NOT NULL
    UNION ALL
    SELECT
        'file' AS kind, CAST(NULL AS VARCHAR) AS gateway, CAST(NULL AS VARCHAR) AS seller, r.file AS name,
        r.file_sha256 AS content, r.dated_at AS dated_at, r.ended_at AS ended_at
    FROM period_requests AS r
)
SELECT
    t.kind AS kind,
    t.gateway AS gateway,
    t.seller AS seller,
    t.name AS name,
    t.content AS content,
    MIN(t.dated_at) AS first_at,
    MAX(t.dated_at) AS last_at,
    MAX(t.ended_at) AS last_end,
    COUNT(*) AS requests
FROM told AS t
GROUP BY t.kind, t.gateway, t.seller, t.name, t.content
