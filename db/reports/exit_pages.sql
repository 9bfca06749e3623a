-- title: Exit pages
-- group: engagement
-- answers: On which page sessions ended, and how many of its views were the last.
-- parameters: from, to, limit
-- name: exit_page
-- columns: exits, page_views, exit_rate
-- include page_views
, placed AS (
    SELECT
        *,
        -- include place
    FROM measured
    WHERE exits > 0
    WINDOW in_order AS (ORDER BY exits DESC, name)
)
-- include listed_pages
