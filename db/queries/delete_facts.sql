-- Take away the facts of sessions that have no events any more.
-- Parameters: $1, the session ids to look at. Columns: none.
DELETE FROM session_facts AS f
WHERE session_id = ANY ($1::text[])
    AND NOT EXISTS (SELECT FROM conversion_events AS e WHERE e.session_id = f.session_id);
