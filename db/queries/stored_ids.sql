-- Which events are stored.
-- Parameters: $1 the sessions and $2 the ids of events, one of each for each event.
-- Columns: session_id, id, one row for each of them that is stored.
SELECT e.session_id, e.id
FROM unnest($1::text[], $2::uuid[]) AS asked (session_id, id)
JOIN conversion_events AS e ON e.session_id = asked.session_id AND e.id = asked.id;
