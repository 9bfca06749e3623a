-- Sessions by name, from their facts.
measured AS (
    SELECT
        name,
        -- include session_measures
    FROM named
    GROUP BY name
),
