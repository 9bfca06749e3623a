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
    SELECT
        *,
        -- include place
    FROM measured
    WINDOW in_order AS (ORDER BY event_sessions DESC, name)
)
SELECT
    -- include name_of_place
    -- A session may have had several of those that are left.
    CASE WHEN place <= $3 THEN min(event_sessions) END AS event_sessions,
    (SELECT sessions FROM counted) AS sessions
FROM placed
GROUP BY place
ORDER BY place;
