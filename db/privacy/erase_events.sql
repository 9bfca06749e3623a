-- Delete the events of some sessions, and what is queued of them for ad platforms; a trigger notes
-- what follows.
-- Parameters: $1, the session ids. Columns: rows, how many events they were.
WITH gone AS (
    DELETE FROM conversion_events WHERE session_id = ANY ($1::text[]) RETURNING received_at
),
unsent AS (
    DELETE FROM deliveries WHERE session_id = ANY ($1::text[])
)
SELECT count(*) AS rows FROM gone;
