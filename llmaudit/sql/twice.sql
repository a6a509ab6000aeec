/* Calls that both an agent's log events and its own session files tell of. Grain: one row per event. Portable subset
   (docs/architecture.md).

   The two have no id in common. What counts as the same call: the same session and model, the same counts of fresh, read,
   written and answered tokens, the ends within a minute; of several alike the first with the first. Reads requests for what kind
   of log a row is from (id_space). other: the kind of the session file. */
WITH told AS (
    SELECT
        s.*,
        r.id_space AS id_space,
        r.id_space = 'agent_events' AS is_event,
        COALESCE(s.cache_read_tokens, 0) AS was_read,
        COALESCE(s.cache_write_5m_tokens, 0) + COALESCE(s.cache_write_1h_tokens, 0)
            + COALESCE(s.cache_write_other_tokens, 0) AS was_written
    FROM sliced_requests AS s
    JOIN requests AS r
        ON r.row_id = s.row_id
    WHERE s.session_id IS NOT NULL AND s.status = 'ok' AND s.input_tokens IS NOT NULL AND s.output_tokens IS NOT NULL
),
numbered AS (
    SELECT
        t.*,
        ROW_NUMBER() OVER (
            PARTITION BY t.is_event, t.session_id, t.model, t.input_tokens, t.was_read, t.was_written, t.output_tokens
            ORDER BY t.answered_at, t.row_id
        ) AS place
    FROM told AS t
)
SELECT
    e.*,
    o.id_space AS other
FROM numbered AS e
JOIN numbered AS o
    ON o.session_id = e.session_id AND o.model = e.model AND o.input_tokens = e.input_tokens AND o.was_read = e.was_read
        AND o.was_written = e.was_written AND o.output_tokens = e.output_tokens AND o.place = e.place
WHERE e.is_event AND NOT o.is_event
    AND o.answered_at <= e.answered_at + INTERVAL '1' MINUTE AND e.answered_at <= o.answered_at + INTERVAL '1' MINUTE
