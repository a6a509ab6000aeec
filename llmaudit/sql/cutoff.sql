/* Answers that ended at their limit. Grain: one row per request. Portable subset.

   is_json: JSON was asked for, so that an answer without its end is of no use. is_short (slices.sql): the limit is a few tokens and meant so. */
SELECT
    s.*,
    s.needs_json AS is_json
FROM sliced_requests AS s
WHERE s.status = 'ok' AND s.is_cut
