-- title: Event types
-- group: engagement
-- answers: How many sessions had an event of each type.
-- parameters: from, to, limit
-- name: event_type
-- columns: event_sessions, event_session_share
WITH
-- include sessions
,
-- include typed_of_SOURCE
placed AS (
    SELECT *, LEAST(row_number() OVER (ORDER BY event_sessions DESC, name), $3 + 1) AS place
    FROM measured
)
SELECT
    CASE WHEN place <= $3 THEN min(name) END AS name,
    count(*) AS names,
    -- A session may have had several of those that are left.
    CASE WHEN place <= $3 THEN min(event_sessions) END AS event_sessions,
    (SELECT sessions FROM counted) AS sessions
FROM placed
GROUP BY place
ORDER BY place;
