-- What each model credits each touch with: parts, millionths of the conversion, and worth, in minor
-- units of its currency. Included after touches.sql; what it makes is "credits", of which the rows
-- of one touch and model are to be added: several, or none where it gets nothing. What whole
-- numbers leave over goes one by one to the largest remainders, of two alike to the earlier touch,
-- so that each model hands out exactly the conversion and its amount.
creditable AS (
    SELECT
        number, place, of_touches, is_last_non_direct, by_age, by_age_sum, name, amount_currency,
        decimals, 1000000::bigint AS millionths, minor_units
    FROM touches
    WHERE of_touches > 1
    UNION ALL
    -- Conversions of one touch, which has it all in every model: those of a name as if they were one
    SELECT
        min(number), 1, 1, TRUE, 1, 1, name, amount_currency, decimals, 1000000 * count(*),
        sum(minor_units)
    FROM touches
    WHERE of_touches = 1
    GROUP BY name, amount_currency, decimals
),
floored AS (
    SELECT
        number, place, name, amount_currency, decimals, model, weights,
        millionths * weight / weights AS parts,
        millionths * weight % weights AS parts_over,
        div(minor_units * weight, weights) AS worth,
        mod(minor_units * weight, weights)::bigint AS worth_over
    FROM creditable
    -- The models: the weight of the touch, and what those of all touches add up to.
    CROSS JOIN LATERAL (
        VALUES
        ('first_touch' COLLATE "C", (place = 1)::integer::bigint, 1::bigint),
        ('last_touch', (place = of_touches)::integer, 1),
        ('last_non_direct', is_last_non_direct::integer, 1),
        ('linear', 1, of_touches),
        -- 40 % for the first and the last, 20 % for all between; of two touches each the half
        (
            'position_based',
            CASE
                WHEN of_touches > 2 AND place IN (1, of_touches) THEN 2 * (of_touches - 2)
                ELSE 1
            END,
            CASE WHEN of_touches > 2 THEN 5 * (of_touches - 2) ELSE of_touches END
        ),
        ('time_decay', by_age, by_age_sum)
    ) AS models (model, weight, weights)
    WHERE weight > 0
),
-- A touch without a remainder never gets one more: what is left over is less than there are others.
remainders AS (
    SELECT
        number, place, name, amount_currency, decimals, model, is_part,
        row_number() OVER (each ORDER BY over DESC, place)
            <= sum(over) OVER each / weights AS gets_one
    FROM (
        SELECT *, TRUE AS is_part, parts_over AS over FROM floored WHERE parts_over > 0
        UNION ALL
        SELECT *, FALSE, worth_over FROM floored WHERE worth_over > 0
    ) AS either
    WINDOW each AS (PARTITION BY number, is_part, model)
),
credits AS (
    SELECT number, place, name, amount_currency, decimals, model, parts, worth
    FROM floored
    UNION ALL
    SELECT
        number, place, name, amount_currency, decimals, model, is_part::integer,
        (NOT is_part)::integer
    FROM remainders
    WHERE gets_one
),
