-- The visitors of places. Included after a part of WITH that is named "visiting": sessions with
-- a visitor id, with a place each.
visited AS (
    SELECT place, count(*) AS visitors, count(*) FILTER (WHERE converted) AS converting_visitors
    FROM (
        SELECT place, visitor_id, bool_or(converted) AS converted
        FROM visiting
        GROUP BY place, visitor_id
    ) AS once
    GROUP BY place
)
