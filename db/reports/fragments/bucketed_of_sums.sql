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
edges AS MATERIALIZED (
    SELECT place, edge, lead(edge, 1, $2) OVER (ORDER BY place) AS next_edge
    FROM unnest($3::timestamptz[]) WITH ORDINALITY AS listed (edge, place)
),
-- Counted place by place: to sort what is different in each takes a third of what a hash takes.
visited AS (
    SELECT place, visitors
    FROM edges
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT visitor) AS visitors
        FROM (
            SELECT visitor_key(visitor_id) AS visitor
            FROM slices
            CROSS JOIN LATERAL (
                SELECT visitor_id
                FROM session_facts AS facts
                WHERE started_at >= GREATEST(slice_start, edge)
                    AND started_at < LEAST(slice_end, next_edge)
                    AND visitor_id IS NOT NULL
                    -- filters
                OFFSET 0
            ) AS one_slice
            UNION ALL
            SELECT unnest(visitors)
            FROM summed
            JOIN quarter_sums AS facts USING (day)
            WHERE day BETWEEN utc_day(edge) AND utc_day(next_edge)
                AND starts_at >= edge AND starts_at < next_edge
                -- filters
        ) AS seen
    ) AS counted
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
