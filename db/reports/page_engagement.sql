-- title: Time on pages
-- group: engagement
-- answers: How long pages were looked at, and how far down, where the tracker tells of engagement.
-- parameters: from, to, limit
-- name: page
-- columns: timed_visits, page_time, median_page_time, scroll_depth
WITH
-- include sessions
,
told AS (
    SELECT
        sessions.session_id,
        COALESCE(page_of(page_url), '(none)') AS name,
        metadata -> 'engaged_seconds' AS seconds,
        metadata -> 'scroll_percent' AS percent
    FROM sessions
    JOIN conversion_events AS e ON e.session_id = sessions.session_id
    -- No event of a session is received before the session begins.
    WHERE event_type = 'engagement' AND e.created_at >= $1
),
-- One row for each page that a session saw.
timed AS (
    SELECT
        name,
        -- Pages may send anything in metadata: a day at most, and no more than the whole page.
        sum(CASE WHEN jsonb_typeof(seconds) = 'number'
            THEN LEAST(GREATEST(seconds::numeric, 0), 86400) END) AS seconds,
        COALESCE(max(CASE WHEN jsonb_typeof(percent) = 'number'
            THEN LEAST(GREATEST(percent::numeric, 0), 100) END), 0) AS percent
    FROM told
    GROUP BY session_id, name
),
named AS (
    SELECT
        name,
        count(*) AS timed_visits,
        sum(seconds) AS engaged_seconds,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median_page_time,
        sum(percent) / 100 AS scrolled
    FROM timed
    WHERE seconds IS NOT NULL
    GROUP BY name
),
placed AS (
    SELECT
        *,
        -- include place
    FROM named
    WINDOW in_order AS (ORDER BY timed_visits DESC, name)
)
SELECT
    -- include name_of_place
    sum(timed_visits)::bigint AS timed_visits,
    sum(engaged_seconds) AS engaged_seconds,
    CASE WHEN place <= $3 THEN min(median_page_time) END AS median_page_time,
    sum(scrolled) AS scrolled
FROM placed
GROUP BY place
ORDER BY place;
