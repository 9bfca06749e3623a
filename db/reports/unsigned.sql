-- title: Unsigned events
-- group: trust
-- answers: Which sources sent events without a valid stamp of the gateway, bots' as well.
-- parameters: from, to, limit
-- name: source
-- columns: all_sessions, all_events, unsigned_events, unsigned_share
WITH
-- include all_sessions
,
named AS (
    SELECT
        source AS name,
        count(*) AS all_sessions,
        sum(
            -- include all_events
        ) AS all_events,
        sum(unsigned_events) AS unsigned_events
    FROM sessions
    GROUP BY source
),
placed AS (
    SELECT
        *,
        -- include place
    FROM named
    WINDOW in_order AS (ORDER BY unsigned_events DESC, all_events DESC, name)
)
SELECT
    -- include name_of_place
    sum(all_sessions)::bigint AS all_sessions,
    sum(all_events)::bigint AS all_events,
    sum(unsigned_events)::bigint AS unsigned_events
FROM placed
GROUP BY place
ORDER BY place;
