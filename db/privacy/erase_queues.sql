-- Take some sessions off the queues of the facts.
-- Parameters: $1, the session ids. Columns: none.
WITH stale AS (
    DELETE FROM stale_sessions WHERE session_id = ANY ($1::text[])
)
DELETE FROM changed_events WHERE session_id = ANY ($1::text[]);
