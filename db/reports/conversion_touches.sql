-- title: Touches of one order
-- group: revenue
-- answers: Through which sessions a person came to one order of the range, and what each model
--   credits each of them with.
-- parameters: from, to, order, look_back
-- columns: touched_at, session_id, channel, source, medium, campaign, landing_page, days_before,
--   last_non_direct_conversions, last_non_direct_revenue, first_touch_conversions,
--   first_touch_revenue, last_touch_conversions, last_touch_revenue, linear_conversions,
--   linear_revenue, position_based_conversions, position_based_revenue, time_decay_conversions,
--   time_decay_revenue
WITH
-- include orders
conversions AS MATERIALIZED (
    SELECT
        -- include conversion_columns
    FROM orders
    WHERE conversion_id = $3
),
-- include touches
-- include credits
by_model AS (
    SELECT
        number, place, model, sum(parts) AS parts,
        CASE WHEN sum(worth) IS NOT NULL THEN jsonb_build_object(
            amount_currency,
            jsonb_build_array(1, round(sum(worth) / power(10::numeric, decimals), decimals))
        ) END AS order_values
    FROM credits
    GROUP BY number, place, model, amount_currency, decimals
),
credited AS (
    SELECT
        number, place,
        jsonb_object_agg(model || '_conversions', parts)
            || jsonb_object_agg(model || '_values', order_values) AS credits
    FROM by_model
    GROUP BY number, place
)
SELECT
    touched_at, session_id, channel, source, medium, campaign, landing_page,
    extract(epoch FROM ordered_at - touched_at) / 86400 AS days_before,
    credited.credits
FROM touches
JOIN credited USING (number, place)
ORDER BY place;
