-- A row of the funnel for each session of the events, as many as a real table has; their
-- flags are left out, since the cost of the next event does not depend on them.
-- Parameters: none. Columns: none.
INSERT INTO conversion_funnel (session_id, first_event_at, first_event_id, last_event_at)
SELECT DISTINCT ON (session_id) session_id, received_at, id, received_at
FROM conversion_events
ORDER BY session_id, received_at
ON CONFLICT DO NOTHING;
