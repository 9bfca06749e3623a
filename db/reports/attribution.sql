-- title: Attribution
-- group: revenue
-- answers: Which channels conversions and revenue go back to, by six models side by side.
-- parameters: from, to, look_back, limit
-- by: channel
-- columns: last_non_direct_conversions, last_non_direct_revenue, first_touch_conversions,
--   first_touch_revenue, last_touch_conversions, last_touch_revenue, linear_conversions,
--   linear_revenue, position_based_conversions, position_based_revenue, time_decay_conversions,
--   time_decay_revenue, assisted_conversions
WITH
-- include orders
conversions AS MATERIALIZED (
    SELECT
        -- include conversion_columns
    FROM orders
),
-- include touches
-- include credits
by_currency AS (
    SELECT
        name, amount_currency AS currency, decimals,
        count(*) AS touches,
        sum(first_touch_parts)::bigint AS first_touch_parts,
        sum(first_touch_worth) AS first_touch_worth,
        sum(last_touch_parts)::bigint AS last_touch_parts,
        sum(last_touch_worth) AS last_touch_worth,
        sum(last_non_direct_parts)::bigint AS last_non_direct_parts,
        sum(last_non_direct_worth) AS last_non_direct_worth,
        sum(linear_parts)::bigint AS linear_parts,
        sum(linear_worth) AS linear_worth,
        sum(position_based_parts)::bigint AS position_based_parts,
        sum(position_based_worth) AS position_based_worth,
        sum(time_decay_parts)::bigint AS time_decay_parts,
        sum(time_decay_worth) AS time_decay_worth
    FROM credits
    JOIN conversions USING (number)
    GROUP BY name, amount_currency, decimals
),
named AS (
    SELECT
        name,
        LEAST(
            row_number() OVER (
                ORDER BY sum(last_non_direct_parts) DESC, sum(linear_parts) DESC, name
            ),
            $4 + 1
        ) AS line
    FROM by_currency
    GROUP BY name
),
summed AS (
    SELECT
        line, currency, decimals, min(name) AS name, sum(touches)::bigint AS touches,
        sum(first_touch_parts) AS first_touch_parts,
        sum(first_touch_worth) AS first_touch_worth,
        sum(last_touch_parts) AS last_touch_parts,
        sum(last_touch_worth) AS last_touch_worth,
        sum(last_non_direct_parts) AS last_non_direct_parts,
        sum(last_non_direct_worth) AS last_non_direct_worth,
        sum(linear_parts) AS linear_parts,
        sum(linear_worth) AS linear_worth,
        sum(position_based_parts) AS position_based_parts,
        sum(position_based_worth) AS position_based_worth,
        sum(time_decay_parts) AS time_decay_parts,
        sum(time_decay_worth) AS time_decay_worth
    FROM by_currency
    JOIN named USING (name)
    GROUP BY line, currency, decimals
),
assisted AS (
    SELECT line, count(*) AS assisted_conversions
    FROM (
        SELECT number, line
        FROM touches
        JOIN named USING (name)
        GROUP BY number, line
        HAVING NOT bool_or(is_last_non_direct)
    ) AS helped
    GROUP BY line
),
lines AS (
    SELECT line, CASE WHEN line <= $4 THEN min(name) END AS name, count(*) AS names
    FROM named
    GROUP BY line
)
SELECT
    lines.name, lines.names, COALESCE(assisted_conversions, 0) AS assisted_conversions,
    sum(first_touch_parts)::bigint AS first_touch_conversions,
    jsonb_object_agg(currency, jsonb_build_array(
        touches, round(first_touch_worth / power(10::numeric, decimals), decimals)
    )) FILTER (WHERE currency IS NOT NULL) AS first_touch_values,
    sum(last_touch_parts)::bigint AS last_touch_conversions,
    jsonb_object_agg(currency, jsonb_build_array(
        touches, round(last_touch_worth / power(10::numeric, decimals), decimals)
    )) FILTER (WHERE currency IS NOT NULL) AS last_touch_values,
    sum(last_non_direct_parts)::bigint AS last_non_direct_conversions,
    jsonb_object_agg(currency, jsonb_build_array(
        touches, round(last_non_direct_worth / power(10::numeric, decimals), decimals)
    )) FILTER (WHERE currency IS NOT NULL) AS last_non_direct_values,
    sum(linear_parts)::bigint AS linear_conversions,
    jsonb_object_agg(currency, jsonb_build_array(
        touches, round(linear_worth / power(10::numeric, decimals), decimals)
    )) FILTER (WHERE currency IS NOT NULL) AS linear_values,
    sum(position_based_parts)::bigint AS position_based_conversions,
    jsonb_object_agg(currency, jsonb_build_array(
        touches, round(position_based_worth / power(10::numeric, decimals), decimals)
    )) FILTER (WHERE currency IS NOT NULL) AS position_based_values,
    sum(time_decay_parts)::bigint AS time_decay_conversions,
    jsonb_object_agg(currency, jsonb_build_array(
        touches, round(time_decay_worth / power(10::numeric, decimals), decimals)
    )) FILTER (WHERE currency IS NOT NULL) AS time_decay_values
FROM lines
JOIN summed USING (line)
LEFT JOIN assisted USING (line)
GROUP BY line, lines.name, lines.names, assisted_conversions
ORDER BY line;
