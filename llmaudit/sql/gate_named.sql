/* Requests with the use and the outcome that cells tell apart. Grain: one row per request of the period.

   Reads gate_priced; tiers; gate_superseded (row_id of failed attempts that were tried again); gate_names (kind, value, name: features
   and templates that are named one by one; the others are `other`). */
CREATE OR REPLACE TEMP VIEW gate_requests AS
SELECT
    r.*,
    CASE WHEN r.feature_raw IS NULL THEN NULL ELSE COALESCE(f.name, 'other') END AS feature,
    CASE WHEN r.template_hash IS NULL AND r.system_hash IS NULL THEN NULL
         ELSE COALESCE(p.name, s.name, 'other') END AS template,
    t.tier AS tier,
    CASE WHEN u.row_id IS NOT NULL THEN 'superseded' WHEN r.status = 'ok' THEN 'ok' ELSE 'failed' END AS outcome
FROM gate_priced AS r
LEFT JOIN tiers AS t
    ON t.row_id = r.row_id
LEFT JOIN gate_superseded AS u
    ON u.row_id = r.row_id
LEFT JOIN gate_names AS f
    ON f.kind = 'feature' AND f.value = r.feature_raw
LEFT JOIN gate_names AS p
    ON p.kind = 'template' AND p.value = r.template_hash
LEFT JOIN gate_names AS s
    ON s.kind = 'system' AND s.value = r.system_hash
