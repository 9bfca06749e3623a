-- Sessions by the places of the times $3 at or after which they began, from their facts: what they
-- add up to, their visitors, and how long those of two events or more lasted.
bucketed AS NOT MATERIALIZED (
    SELECT width_bucket(started_at, $3::timestamptz[]) AS place, sessions.* FROM sessions
),
measured AS (
    SELECT
        place,
        -- include session_measures
    FROM bucketed
    GROUP BY place
),
visiting AS NOT MATERIALIZED (
    SELECT place, visitor_key(visitor_id) AS visitor, converted
    FROM bucketed
    WHERE visitor_id IS NOT NULL
),
-- include visited
,
lasting AS NOT MATERIALIZED (
    SELECT
        place,
        -- include seconds
        AS seconds
    FROM bucketed
    WHERE events > 1
),
