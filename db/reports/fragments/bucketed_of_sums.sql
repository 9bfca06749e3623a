-- As bucketed_of_facts.sql, from the sums of quarters of an hour and the facts of what is left.
-- include unsummed
bucketed AS NOT MATERIALIZED (
    SELECT width_bucket(started_at, $3::timestamptz[]) AS place, unsummed.* FROM unsummed
),
quarters AS NOT MATERIALIZED (
    SELECT width_bucket(starts_at, $3::timestamptz[]) AS place, facts.*
    FROM quarter_sums AS facts
    JOIN summed USING (day)
    WHERE TRUE
        -- filters
),
parts AS (
    SELECT
        place,
        -- include session_measures
    FROM bucketed
    GROUP BY place
    UNION ALL
    SELECT
        place,
        -- include part_columns
    FROM quarters
),
measured AS (
    SELECT
        place,
        -- include added_parts
    FROM parts
    GROUP BY place
),
visiting AS NOT MATERIALIZED (
    SELECT place, visitor_key(visitor_id) AS visitor, converted
    FROM bucketed
    WHERE visitor_id IS NOT NULL
    UNION ALL
    SELECT place, unnest(visitors), FALSE FROM quarters
    UNION ALL
    SELECT place, unnest(converting_visitors), TRUE FROM quarters
),
lasting AS NOT MATERIALIZED (
    SELECT
        place,
        -- include seconds
        AS seconds
    FROM bucketed
    WHERE events > 1
    UNION ALL
    SELECT place, unnest(seconds) FROM quarters
),
