/* Cache writes that nobody read within their lifetime. Grain: one row per request that wrote. Portable subset, but for windows over a
   range of time, which BigQuery does not have.

   What a request leaves in the cache is everything it read or wrote. A later request of the same session that reads less than
   that has not read the rest; the last part of the prompt is the last to be read, and 1-hour entries stand before shorter ones.
   Where there is no session, requests of one feature (or system message) and key stand for it. */
WITH used AS (
    SELECT
        s.row_id AS row_id,
        s.seller AS seller,
        s.sku AS sku,
        COALESCE(s.session_id, CONCAT('# ', COALESCE(s.system_hash, s.feature, ''), ' ', COALESCE(s.key_id, ''))) AS chain,
        s.started_at AS started_at,
        COALESCE(s.cache_read_tokens, 0) AS reads,
        COALESCE(s.cache_write_1h_tokens, 0) AS wrote_1h,
        COALESCE(s.cache_write_5m_tokens, 0) AS wrote_5m,
        COALESCE(s.cache_write_other_tokens, 0) AS wrote_other
    FROM sliced_requests AS s
    WHERE s.started_at IS NOT NULL
        AND (s.cache_read_tokens > 0 OR s.cache_write_1h_tokens > 0 OR s.cache_write_5m_tokens > 0
            OR s.cache_write_other_tokens > 0)
),
seen AS (
    SELECT
        u.*,
        COALESCE(MAX(u.reads) OVER (
            PARTITION BY u.chain, u.seller, u.sku ORDER BY u.started_at
            RANGE BETWEEN INTERVAL '0.000001' SECOND FOLLOWING AND INTERVAL '5' MINUTE FOLLOWING
        ), 0) AS read_5m,
        COALESCE(MAX(u.reads) OVER (
            PARTITION BY u.chain, u.seller, u.sku ORDER BY u.started_at
            RANGE BETWEEN INTERVAL '0.000001' SECOND FOLLOWING AND INTERVAL '1' HOUR FOLLOWING
        ), 0) AS read_1h,
        MAX(u.reads) OVER (PARTITION BY u.chain, u.seller, u.sku) AS read_ever
    FROM used AS u
),
unread AS (
    SELECT
        n.row_id AS row_id,
        n.read_ever = 0 AS never_read,
        LEAST(n.wrote_1h, GREATEST(n.reads + n.wrote_1h - n.read_1h, 0)) AS unread_1h,
        LEAST(n.wrote_5m, GREATEST(n.reads + n.wrote_1h + n.wrote_other + n.wrote_5m - n.read_5m, 0)) AS unread_5m,
        LEAST(n.wrote_other, GREATEST(n.reads + n.wrote_1h + n.wrote_other - n.read_1h, 0)) AS unread_other
    FROM seen AS n
    WHERE n.wrote_1h + n.wrote_5m + n.wrote_other > 0
)
SELECT
    s.*,
    w.never_read AS never_read,
    w.unread_1h + w.unread_5m + w.unread_other > 0 AS is_unread,
    w.unread_1h AS unread_1h,
    w.unread_5m AS unread_5m,
    w.unread_other AS unread_other,
    COALESCE(s.cache_write_1h_tokens, 0) + COALESCE(s.cache_write_5m_tokens, 0) + COALESCE(s.cache_write_other_tokens, 0)
        AS written
FROM sliced_requests AS s
JOIN unread AS w
    ON w.row_id = s.row_id
