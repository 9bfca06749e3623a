-- title: Pages
-- group: engagement
-- answers: Which pages were viewed, by how many sessions, and how many of those began or ended there.
-- parameters: from, to, limit
-- name: page
-- columns: page_views, viewing_sessions, entries, exits, exit_rate
-- include page_views
, placed AS (
    SELECT *, LEAST(row_number() OVER (ORDER BY page_views DESC, name), $3 + 1) AS place
    FROM measured
)
SELECT
    CASE WHEN place <= $3 THEN min(name) END AS name,
    count(*) AS names,
    sum(page_views)::bigint AS page_views,
    -- A session may have viewed several of those that are left.
    CASE WHEN place <= $3 THEN min(viewing_sessions) END AS viewing_sessions,
    sum(entries)::bigint AS entries,
    sum(exits)::bigint AS exits
FROM placed
GROUP BY place
ORDER BY place;
