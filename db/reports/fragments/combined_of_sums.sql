-- As combined_of_facts.sql, from the sums of days and the facts of what is left; one name and
-- stages may come several times.
-- include unsummed
combined AS (
    SELECT
        name,
        -- include stages_reached
        AS stages_reached,
        converted,
        count(*) AS sessions
    FROM (
        SELECT
            -- name
            unsummed.*
        FROM unsummed
    ) AS named_facts
    GROUP BY name, stages_reached, converted
    UNION ALL
    SELECT name, stages_reached, converted, sum(sessions)::bigint
    FROM (
        SELECT
            -- named
            stage_sums.*
        FROM stage_sums
        JOIN summed USING (day)
        WHERE dimension = $dimension
    ) AS facts
    WHERE TRUE
        -- filters
    GROUP BY name, stages_reached, converted
),
