-- title: Event types
-- group: engagement
-- answers: How many sessions had an event of each type.
-- parameters: from, to, limit
-- name: event_type
-- columns: event_sessions, event_session_share
WITH
-- include sessions
,
measured AS (
    SELECT event_type AS name, count(*) AS event_sessions
    FROM sessions
    CROSS JOIN LATERAL unnest(event_types) AS event_type
    GROUP BY event_type
),
placed AS (
    SELECT *, LEAST(row_number() OVER (ORDER BY event_sessions DESC, name), $3 + 1) AS place
    FROM measured
)
SELECT
    CASE WHEN place <= $3 THEN min(name) END AS name,
    count(*) AS names,
    -- A session may have had several of those that are left.
    CASE WHEN place <= $3 THEN min(event_sessions) END AS event_sessions,
    (SELECT count(*) FROM sessions) AS sessions
FROM placed
GROUP BY place
ORDER BY place;
