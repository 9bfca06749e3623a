-- title: Touches of one order
-- group: revenue
-- answers: Through which sessions a person came to one order of the range, and what each model
--   credits each of them with.
-- parameters: from, to, look_back, order
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
    WHERE conversion_id = $4
),
-- include touches
-- include credits
credited AS (
    SELECT credits.*, amount_currency AS currency, power(10::numeric, decimals) AS units, decimals
    FROM credits
    JOIN conversions USING (number)
)
SELECT
    touched_at, session_id, channel, source, medium, campaign, landing_page,
    extract(epoch FROM ordered_at - touched_at) / 86400 AS days_before,
    last_non_direct_parts AS last_non_direct_conversions,
    CASE WHEN last_non_direct_worth IS NOT NULL THEN jsonb_build_object(
        currency, jsonb_build_array(1, round(last_non_direct_worth / units, decimals))
    ) END AS last_non_direct_values,
    first_touch_parts AS first_touch_conversions,
    CASE WHEN first_touch_worth IS NOT NULL THEN jsonb_build_object(
        currency, jsonb_build_array(1, round(first_touch_worth / units, decimals))
    ) END AS first_touch_values,
    last_touch_parts AS last_touch_conversions,
    CASE WHEN last_touch_worth IS NOT NULL THEN jsonb_build_object(
        currency, jsonb_build_array(1, round(last_touch_worth / units, decimals))
    ) END AS last_touch_values,
    linear_parts AS linear_conversions,
    CASE WHEN linear_worth IS NOT NULL THEN jsonb_build_object(
        currency, jsonb_build_array(1, round(linear_worth / units, decimals))
    ) END AS linear_values,
    position_based_parts AS position_based_conversions,
    CASE WHEN position_based_worth IS NOT NULL THEN jsonb_build_object(
        currency, jsonb_build_array(1, round(position_based_worth / units, decimals))
    ) END AS position_based_values,
    time_decay_parts AS time_decay_conversions,
    CASE WHEN time_decay_worth IS NOT NULL THEN jsonb_build_object(
        currency, jsonb_build_array(1, round(time_decay_worth / units, decimals))
    ) END AS time_decay_values
FROM credited
ORDER BY place;
