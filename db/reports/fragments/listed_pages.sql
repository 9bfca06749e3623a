-- A list of pages. Included after a part of WITH that is named "placed": pages with a place each.
SELECT
    -- include name_of_place
    sum(page_views)::bigint AS page_views,
    -- A session may have viewed several of those that are left.
    CASE WHEN place <= $3 THEN min(viewing_sessions) END AS viewing_sessions,
    sum(entries)::bigint AS entries,
    sum(exits)::bigint AS exits
FROM placed
GROUP BY place
ORDER BY place;
