-- Take stale sessions off the list.
-- Parameters: $1, at most how many. Columns: session_id.
DELETE FROM stale_sessions
WHERE session_id IN (SELECT session_id FROM stale_sessions ORDER BY session_id LIMIT $1)
RETURNING session_id;
