-- The rows of a report that may be split by a dimension, $4: a row for each of the first $3 names
-- and one for what is left; without a dimension one row, also where there are no sessions.
-- Included after a part of WITH that is named "placed": names with a place each.
places AS (
    SELECT
        place, count(*) AS names,
        CASE WHEN place <= $3 AND $4::text IS NOT NULL THEN min(name) END AS label
    FROM placed
    GROUP BY place
    UNION ALL
    SELECT 1, 0, NULL WHERE $4::text IS NULL AND NOT EXISTS (SELECT FROM placed)
)
