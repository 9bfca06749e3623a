-- title: Pages
-- group: engagement
-- answers: Which pages were viewed, by how many sessions, and how many of those began or ended there.
-- parameters: from, to, limit
-- name: page
-- columns: page_views, viewing_sessions, entries, exits, exit_rate
-- include page_views
, placed AS (
    SELECT
        *,
        -- include place
    FROM measured
    WINDOW in_order AS (ORDER BY page_views DESC, name)
)
-- include listed_pages
