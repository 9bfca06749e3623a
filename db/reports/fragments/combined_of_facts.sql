-- Sessions by name and by the stages that they reached, which makes few rows of any number of
-- sessions.
combined AS (
    SELECT
        name,
        -- include stages_reached
        AS stages_reached,
        converted,
        count(*) AS sessions
    FROM named
    GROUP BY name, stages_reached, converted
),
