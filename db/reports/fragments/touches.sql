-- The touches before each conversion, in their order. Included after a part of WITH that is named
-- "conversions"; $4: how many days are looked back. What it makes: "touches", with place (1 is the
-- oldest), of_touches (how many the conversion has), and what models weigh them by: whether it is
-- the last that is not direct, or the last where all are direct, and by_age.
gathered AS (
    SELECT
        -- name
        number, minor_units, amount_currency, decimals, ordered_at, started_at AS touched_at,
        session_id, channel, source, medium, campaign, landing_page
    FROM conversions
    UNION ALL
    SELECT
        -- name
        number, minor_units, amount_currency, decimals, ordered_at, started_at, session_id, channel,
        source, medium, campaign, landing_page
    FROM (
        SELECT c.number, c.minor_units, c.amount_currency, c.decimals, c.ordered_at, touch.*
        FROM conversions AS c
        CROSS JOIN LATERAL other_touches(
            c.session_id, c.visitor_id, c.user_id, c.ordered_at,
            c.ordered_at - make_interval(hours => 24 * $4)
        ) AS touch
    ) AS others
),
placed AS (
    SELECT
        *,
        row_number() OVER each AS place,
        count(*) OVER each AS of_touches,
        -- Half as much for each seven days before the last touch, to nine digits
        round(1000000000 * power(
            2::double precision,
            date_part('epoch', touched_at - last_value(touched_at) OVER each) / 604800
        ))::bigint AS by_age
    FROM gathered
    WINDOW each AS (
        PARTITION BY number ORDER BY touched_at, session_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
),
touches AS (
    SELECT
        *,
        place = COALESCE(
            max(place) FILTER (WHERE channel NOT IN ('Direct', '(none)')) OVER each, of_touches
        ) AS is_last_non_direct,
        (sum(by_age) OVER each)::bigint AS by_age_sum
    FROM placed
    WINDOW each AS (PARTITION BY number)
),
