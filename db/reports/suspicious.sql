-- title: Suspicious sessions
-- group: trust
-- answers: Which browsers and systems came directly, did one thing and were gone. Programs that
--   call themselves browsers show here: nearly all of their sessions are such, and one browser
--   comes from several systems as often from each.
-- parameters: from, to, limit
-- name: browser_and_os
-- columns: sessions, one_event_sessions, one_event_share, direct_sessions,
--   direct_share, suspicious_sessions, suspicious_share
WITH
-- include sessions
,
named AS (
    SELECT
        browser || ' / ' || os AS name,
        count(*) AS sessions,
        count(*) FILTER (WHERE events = 1) AS one_event_sessions,
        count(*) FILTER (WHERE source_type = 'direct') AS direct_sessions,
        count(*) FILTER (WHERE events = 1 AND source_type = 'direct') AS suspicious_sessions
    FROM sessions
    GROUP BY browser, os
),
placed AS (
    SELECT
        *,
        -- include place
    FROM named
    WINDOW in_order AS (ORDER BY suspicious_sessions DESC, sessions DESC, name)
)
SELECT
    -- include name_of_place
    sum(sessions)::bigint AS sessions,
    sum(one_event_sessions)::bigint AS one_event_sessions,
    sum(direct_sessions)::bigint AS direct_sessions,
    sum(suspicious_sessions)::bigint AS suspicious_sessions
FROM placed
GROUP BY place
ORDER BY place;
