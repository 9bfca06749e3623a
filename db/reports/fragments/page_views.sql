-- Pages, by what their views were: columns name, page_views, viewing_sessions, entries, exits.
-- A session's first 100 page views are in it, and its last.
WITH
-- include sessions
,
measured AS (
    SELECT
        page AS name,
        count(*) AS page_views,
        count(*) FILTER (WHERE array_position(viewed, page) = number) AS viewing_sessions,
        count(*) FILTER (WHERE number = 1) AS entries,
        count(*) FILTER (WHERE number = cardinality(viewed)) AS exits
    FROM (
        SELECT CASE WHEN page_views > 100 THEN pages || exit_page ELSE pages END AS viewed
        FROM sessions
    ) AS views
    CROSS JOIN LATERAL unnest(viewed) WITH ORDINALITY AS seen (page, number)
    GROUP BY page
)
