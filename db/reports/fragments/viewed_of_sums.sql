-- Pages by name, from the sums of days and the facts of what is left.
-- include unsummed
parts AS (
    SELECT
        page AS name,
        -- include page_measures
    FROM (
        SELECT
            -- include viewed_pages
            AS viewed
        FROM unsummed
    ) AS views
    CROSS JOIN LATERAL unnest(viewed) WITH ORDINALITY AS seen (page, number)
    GROUP BY page
    UNION ALL
    SELECT name, page_views, viewing_sessions, entries, exits
    FROM page_sums AS facts
    JOIN summed USING (day)
    WHERE TRUE
        -- filters
),
measured AS (
    SELECT
        name,
        sum(page_views)::bigint AS page_views,
        sum(viewing_sessions)::bigint AS viewing_sessions,
        sum(entries)::bigint AS entries,
        sum(exits)::bigint AS exits
    FROM parts
    GROUP BY name
)
