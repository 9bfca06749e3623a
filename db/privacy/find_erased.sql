-- Which sessions are of people who were erased, after a backup brought them back. Reads all tables.
-- Parameters: none. Columns: session_id.
SELECT session_id
FROM (
    SELECT session_id, visitor_id, user_id FROM conversion_events
    UNION
    SELECT session_id, visitor_id, user_id FROM session_facts
    UNION
    SELECT session_id, NULL, user_id FROM conversion_funnel
    UNION
    SELECT session_id, NULL, NULL FROM deliveries
) AS known
WHERE erasure_digest('session', session_id) IN (SELECT digest FROM erased_ids)
    OR erasure_digest('visitor', visitor_id) IN (SELECT digest FROM erased_ids)
    OR erasure_digest('user', user_id::text) IN (SELECT digest FROM erased_ids)
GROUP BY session_id;
