-- All rows of some sessions, as they stand in the tables.
-- Parameters: $1, the session ids. Columns: place, the table; row, as a JSON text.
SELECT 'conversion_events' AS place, row_to_json(e)::text AS row
FROM conversion_events AS e
WHERE session_id = ANY ($1::text[])
UNION ALL
SELECT 'conversion_funnel', row_to_json(f)::text
FROM conversion_funnel AS f
WHERE session_id = ANY ($1::text[])
UNION ALL
SELECT 'counted_orders', row_to_json(o)::text
FROM counted_orders AS o
WHERE session_id = ANY ($1::text[])
UNION ALL
SELECT 'session_facts', row_to_json(s)::text
FROM session_facts AS s
WHERE session_id = ANY ($1::text[])
UNION ALL
SELECT 'deliveries', row_to_json(d)::text
FROM deliveries AS d
WHERE session_id = ANY ($1::text[]);
