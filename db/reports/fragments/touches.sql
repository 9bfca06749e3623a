-- The touches before each conversion, in their order. Included after a part of WITH that is named
-- "conversions"; $3: how many days are looked back. What it makes: "touches", with place (1 is the
-- oldest), of_touches (how many the conversion has), whether it is the last that is not direct, or
-- the last where all are direct, and the weights of two models with what they add up to.
gathered AS (
    SELECT
        -- name
        number, minor_units, ordered_at, started_at AS touched_at, session_id, channel, source,
        medium, campaign, landing_page
    FROM conversions
    UNION ALL
    SELECT
        -- name
        number, minor_units, ordered_at, started_at, session_id, channel, source, medium, campaign,
        landing_page
    FROM (
        SELECT c.number, c.minor_units, c.ordered_at, touch.*
        FROM conversions AS c
        CROSS JOIN LATERAL other_touches(
            c.session_id, c.visitor_id, c.user_id, c.ordered_at,
            c.ordered_at - make_interval(hours => 24 * $3)
        ) AS touch
    ) AS others
),
placed AS (
    SELECT
        *,
        row_number() OVER (each ORDER BY touched_at, session_id) AS place,
        count(*) OVER each AS of_touches,
        -- Half as much for each seven days before the last touch, to nine digits
        round(1000000000 * power(
            2::double precision,
            date_part('epoch', touched_at - max(touched_at) OVER each) / 604800
        ))::bigint AS by_age
    FROM gathered
    WINDOW each AS (PARTITION BY number)
),
touches AS (
    SELECT
        *,
        place = COALESCE(
            max(place) FILTER (WHERE channel NOT IN ('Direct', '(none)')) OVER each, of_touches
        ) AS is_last_non_direct,
        -- 40 % for the first and the last, 20 % for all between; of two touches each the half
        CASE WHEN of_touches > 2 AND place IN (1, of_touches) THEN 2 * (of_touches - 2) ELSE 1 END
            AS by_position,
        CASE WHEN of_touches > 2 THEN 5 * (of_touches - 2) ELSE of_touches END AS by_position_sum,
        (sum(by_age) OVER each)::bigint AS by_age_sum
    FROM placed
    WINDOW each AS (PARTITION BY number)
),
