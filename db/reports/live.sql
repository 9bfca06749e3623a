-- title: Live
-- group: people
-- answers: How many sessions did something in the last five minutes, by the page where each is.
--   Neither the range nor filters hold here; bots are left out.
-- parameters: live_since, limit
-- name: page
-- columns: live_sessions, live_events
WITH recent AS (
    SELECT
        session_id, page_url, id,
        -- include happened_at
        AS happened_at
    FROM conversion_events
    WHERE created_at >= $1 AND NOT is_bot
),
present AS (
    SELECT
        session_id, count(*) AS live_events,
        (array_agg(page_url ORDER BY page_url IS NULL, happened_at DESC, id DESC))[1] AS page_url
    FROM recent
    WHERE happened_at >= $1
    GROUP BY session_id
),
named AS (
    SELECT
        COALESCE(page_of(page_url), '(none)') AS name,
        count(*) AS live_sessions,
        sum(live_events) AS live_events
    FROM present
    GROUP BY 1
),
placed AS (
    SELECT
        *,
        LEAST(row_number() OVER (ORDER BY live_sessions DESC, name COLLATE "C"), $2 + 1) AS place
    FROM named
)
SELECT
    CASE WHEN place <= $2 THEN min(name) END AS name,
    count(*) AS names,
    sum(live_sessions)::bigint AS live_sessions,
    sum(live_events)::bigint AS live_events
FROM placed
GROUP BY place
ORDER BY place;
