-- Delete the events of some sessions; a trigger notes what follows.
-- Parameters: $1, the session ids. Columns: rows, how many they were.
WITH gone AS (
    DELETE FROM conversion_events WHERE session_id = ANY ($1::text[]) RETURNING received_at
)
SELECT count(*) AS rows FROM gone;
