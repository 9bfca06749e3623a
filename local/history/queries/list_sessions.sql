-- The sessions that have events, in order.
-- Parameters: none. Columns: session_id.
SELECT session_id FROM conversion_events GROUP BY session_id ORDER BY session_id;
