-- Which events of a batch are left out, since they are of somebody who was erased.
-- Parameters: $1, a JSON array of events, as of insert_events.sql.
-- Columns: session_id, id, one row for each of them.
SELECT session_id, id
FROM json_populate_recordset(NULL::conversion_events, $1::json) AS sent
CROSS JOIN erased_slots
WHERE is_erased(slots, sent.session_id, sent.visitor_id, sent.user_id);
