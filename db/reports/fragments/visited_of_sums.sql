-- The visitors of all sessions from the sums of quarters of an hour and the facts of what is left;
-- of names, which have no such sums, from the facts. $4: the dimension that names them.
everyone AS NOT MATERIALIZED (
    SELECT visitor_key(visitor_id) AS visitor, converted FROM unsummed WHERE visitor_id IS NOT NULL
    UNION ALL
    SELECT unnest(visitors), FALSE
    FROM quarter_sums AS facts
    JOIN summed USING (day)
    WHERE TRUE
        -- filters
    UNION ALL
    SELECT unnest(converting_visitors), TRUE
    FROM quarter_sums AS facts
    JOIN summed USING (day)
    WHERE TRUE
        -- filters
),
visited_by_name AS NOT MATERIALIZED (
    WITH
    -- include visited
    SELECT * FROM visited
),
visited AS (
    SELECT * FROM visited_by_name WHERE $4::text IS NOT NULL
    UNION ALL
    SELECT 1, count(DISTINCT visitor), count(DISTINCT visitor) FILTER (WHERE converted)
    FROM everyone
    WHERE $4::text IS NULL
    HAVING $4::text IS NULL  -- an aggregate of nothing is a row otherwise
),
