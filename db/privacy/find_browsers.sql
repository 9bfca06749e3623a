-- Which browsers are of these users alone: those of their sessions, in which nobody else was named.
-- An id that is good for a day names a network and a kind of browser, which strangers share
-- (collector/cookieless.py): it is nobody's. Reads all events.
-- Parameters: $1, user ids. Columns: visitor_id.
WITH known AS (
    SELECT visitor_id, user_id, session_id FROM conversion_events
    UNION
    SELECT visitor_id, user_id, session_id FROM session_facts
),
theirs AS (
    SELECT DISTINCT visitor_id
    FROM known
    WHERE visitor_id IS NOT NULL AND NOT starts_with(visitor_id, 'daily-')
        AND session_id IN (SELECT session_id FROM known WHERE user_id = ANY ($1::uuid[]))
)
SELECT visitor_id
FROM theirs
WHERE NOT EXISTS (
    SELECT
    FROM known AS one
    JOIN known AS named USING (session_id)
    WHERE one.visitor_id = theirs.visitor_id AND named.user_id <> ALL ($1::uuid[])
);
