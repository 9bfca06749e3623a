-- Sessions by name, from the sums of days and the facts of what is left.
-- include unsummed
parts AS (
    SELECT
        name,
        -- include session_measures
    FROM (
        SELECT
            -- name
            unsummed.*
        FROM unsummed
    ) AS named_facts
    GROUP BY name
    UNION ALL
    SELECT
        name,
        -- include part_columns
    FROM (
        SELECT
            -- named
            session_sums.*
        FROM session_sums
        JOIN summed USING (day)
        WHERE dimension = $dimension
    ) AS facts
    WHERE TRUE
        -- filters
),
measured AS (
    SELECT
        name,
        -- include added_parts
    FROM parts
    GROUP BY name
),
