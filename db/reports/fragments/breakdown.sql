-- Sessions by name, those of most sessions first. Included after a part of WITH that is named
-- "named": sessions with a name each. $3: how many names; what is left is the last row, whose
-- name is null, so that the columns add up.
-- include measured
converting AS (
    SELECT place, order_values, converted_at
    FROM named
    JOIN placed USING (name)
    WHERE converted
),
-- include valued
SELECT
    -- include name_of_place
    -- include added_measures
    , order_values
FROM measured
JOIN placed USING (name)
LEFT JOIN valued USING (place)
GROUP BY place, order_values
ORDER BY place;
