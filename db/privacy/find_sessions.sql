-- Which sessions are of a person, in any table. Reads all events where a browser is asked for.
-- Parameters: $1 user ids, $2 visitor ids, $3 session ids. Columns: session_id.
SELECT session_id FROM conversion_events
WHERE user_id = ANY ($1::uuid[]) OR visitor_id = ANY ($2::text[]) OR session_id = ANY ($3::text[])
UNION
SELECT session_id FROM session_facts
WHERE user_id = ANY ($1::uuid[]) OR visitor_id = ANY ($2::text[]) OR session_id = ANY ($3::text[])
UNION
SELECT session_id FROM conversion_funnel
WHERE user_id = ANY ($1::uuid[]) OR session_id = ANY ($3::text[]);
