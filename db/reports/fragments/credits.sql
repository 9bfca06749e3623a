-- What each model credits each touch with: parts, millionths of the conversion, and worth, in minor
-- units of its currency. Included after touches.sql; what it makes is "credits". What whole numbers
-- leave over goes one by one to the largest remainders, of two alike to the earlier touch, so that
-- each model hands out exactly the conversion and its amount.
floored AS (
    SELECT
        *,
        1000000 * by_position / by_position_sum AS position_parts,
        1000000 * by_position % by_position_sum AS position_parts_over,
        div(minor_units * by_position, by_position_sum) AS position_worth,
        mod(minor_units * by_position, by_position_sum) AS position_worth_over,
        1000000 * by_age / by_age_sum AS decay_parts,
        1000000 * by_age % by_age_sum AS decay_parts_over,
        div(minor_units * by_age, by_age_sum) AS decay_worth,
        mod(minor_units * by_age, by_age_sum) AS decay_worth_over
    FROM touches
),
ranked AS (
    SELECT
        *,
        1000000 - sum(position_parts) OVER each AS position_parts_left,
        row_number() OVER (each ORDER BY position_parts_over DESC, place) AS position_parts_rank,
        minor_units - sum(position_worth) OVER each AS position_worth_left,
        row_number() OVER (each ORDER BY position_worth_over DESC, place) AS position_worth_rank,
        1000000 - sum(decay_parts) OVER each AS decay_parts_left,
        row_number() OVER (each ORDER BY decay_parts_over DESC, place) AS decay_parts_rank,
        minor_units - sum(decay_worth) OVER each AS decay_worth_left,
        row_number() OVER (each ORDER BY decay_worth_over DESC, place) AS decay_worth_rank
    FROM floored
    WINDOW each AS (PARTITION BY number)
),
credits AS (
    SELECT
        number, name, place, session_id, touched_at, ordered_at, channel, source, medium, campaign,
        landing_page,
        CASE WHEN place = 1 THEN 1000000 ELSE 0 END AS first_touch_parts,
        CASE WHEN place = 1 THEN minor_units ELSE 0 END AS first_touch_worth,
        CASE WHEN place = of_touches THEN 1000000 ELSE 0 END AS last_touch_parts,
        CASE WHEN place = of_touches THEN minor_units ELSE 0 END AS last_touch_worth,
        CASE WHEN is_last_non_direct THEN 1000000 ELSE 0 END AS last_non_direct_parts,
        CASE WHEN is_last_non_direct THEN minor_units ELSE 0 END AS last_non_direct_worth,
        -- All remainders are alike
        1000000 / of_touches + (place <= 1000000 % of_touches)::integer AS linear_parts,
        div(minor_units, of_touches) + (place <= mod(minor_units, of_touches))::integer
            AS linear_worth,
        position_parts + (position_parts_rank <= position_parts_left)::integer
            AS position_based_parts,
        position_worth + (position_worth_rank <= position_worth_left)::integer
            AS position_based_worth,
        decay_parts + (decay_parts_rank <= decay_parts_left)::integer AS time_decay_parts,
        decay_worth + (decay_worth_rank <= decay_worth_left)::integer AS time_decay_worth
    FROM ranked
),
