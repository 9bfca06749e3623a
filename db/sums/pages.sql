-- Sum the page views of a day's sessions by page.
-- Parameters: $1, the day. Columns: none.
INSERT INTO page_sums (day, is_bot, name, page_views, viewing_sessions, entries, exits)
SELECT
    $1, is_bot, page,
    -- include page_measures
FROM (
    SELECT
        is_bot,
        -- include viewed_pages
        AS viewed
    FROM session_facts
    -- include in_day
) AS views
CROSS JOIN LATERAL unnest(viewed) WITH ORDINALITY AS seen (page, number)
GROUP BY is_bot, page;
