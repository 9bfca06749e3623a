-- How much there is of some sessions.
-- Parameters: $1, the session ids. Columns: place, the table; rows.
SELECT 'conversion_events' AS place, count(*) AS rows
FROM conversion_events
WHERE session_id = ANY ($1::text[])
UNION ALL
SELECT 'conversion_funnel', count(*)
FROM conversion_funnel
WHERE session_id = ANY ($1::text[])
UNION ALL
SELECT 'counted_orders', count(*)
FROM counted_orders
WHERE session_id = ANY ($1::text[])
UNION ALL
SELECT 'session_facts', count(*)
FROM session_facts
WHERE session_id = ANY ($1::text[])
UNION ALL
SELECT 'deliveries', count(*)
FROM deliveries
WHERE session_id = ANY ($1::text[]);
