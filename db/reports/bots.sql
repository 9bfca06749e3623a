-- title: Bots
-- group: trust
-- answers: Which programs came, by the name that each gives itself, how often, and by which rule
--   they are known.
-- parameters: from, to, limit
-- name: browser
-- columns: bot_rule, bot_sessions, bot_events, last_seen_at, user_agent
WITH
-- include all_sessions
,
named AS (
    SELECT
        browser AS name,
        count(*) AS bot_sessions,
        sum(bot_events) AS bot_events,
        max(ended_at) AS last_seen_at,
        min(user_agent) AS user_agent
    FROM sessions
    WHERE is_bot
    GROUP BY browser
),
placed AS (
    SELECT
        *,
        -- include place
    FROM named
    WINDOW in_order AS (ORDER BY bot_sessions DESC, name)
)
SELECT
    -- include name_of_place
    sum(bot_sessions)::bigint AS bot_sessions,
    sum(bot_events)::bigint AS bot_events,
    max(last_seen_at) AS last_seen_at,
    CASE WHEN place <= $3 THEN min(user_agent) END AS user_agent
FROM placed
GROUP BY place
ORDER BY place;
