-- Delete the facts of some sessions.
-- Parameters: $1, the session ids. Columns: day (UTC) of each.
DELETE FROM session_facts WHERE session_id = ANY ($1::text[])
RETURNING utc_day(started_at) AS day;
