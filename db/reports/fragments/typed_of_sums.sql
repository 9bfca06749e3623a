-- As typed_of_facts.sql, from the sums of days and the facts of what is left.
-- include unsummed
parts AS (
    SELECT event_type AS name, count(*) AS event_sessions
    FROM unsummed
    CROSS JOIN LATERAL unnest(event_types) AS event_type
    GROUP BY event_type
    UNION ALL
    SELECT name, event_sessions
    FROM event_type_sums AS facts
    JOIN summed USING (day)
    WHERE TRUE
        -- filters
),
measured AS (
    SELECT name, sum(event_sessions)::bigint AS event_sessions FROM parts GROUP BY name
),
counted AS (
    SELECT sum(sessions)::bigint AS sessions
    FROM (
        SELECT count(*) AS sessions FROM unsummed
        UNION ALL
        SELECT sessions
        FROM session_sums AS facts
        JOIN summed USING (day)
        WHERE dimension = ''
            -- filters
    ) AS parts_of_count
),
