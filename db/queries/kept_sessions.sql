-- Which sessions of the funnel stay as they are, since they began before what retention has left of
-- the events (docs/privacy.md#retention).
-- Parameters: $1, the session ids. Columns: session_id.
SELECT session_id
FROM conversion_funnel
CROSS JOIN retention_progress
WHERE session_id = ANY ($1::text[]) AND first_event_at < events_until;
