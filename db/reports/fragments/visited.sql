-- The visitors of places. Included after a part of WITH that is named "visiting": the visitors of
-- sessions, with a place each.
visited AS (
    SELECT place, count(*) AS visitors, count(*) FILTER (WHERE converted) AS converting_visitors
    FROM (
        SELECT place, visitor, bool_or(converted) AS converted
        FROM visiting
        GROUP BY place, visitor
    ) AS once
    GROUP BY place
)
