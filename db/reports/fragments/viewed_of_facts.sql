-- Pages by name, from the facts of sessions.
measured AS (
    SELECT
        page AS name,
        -- include page_measures
    FROM (
        SELECT
            -- include viewed_pages
            AS viewed
        FROM sessions
    ) AS views
    CROSS JOIN LATERAL unnest(viewed) WITH ORDINALITY AS seen (page, number)
    GROUP BY page
)
