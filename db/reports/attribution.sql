-- title: Attribution
-- group: revenue
-- answers: Which channels conversions and revenue go back to, by six models side by side.
-- parameters: from, to, limit, look_back
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
        name, model, amount_currency AS currency, decimals,
        sum(parts)::bigint AS parts, sum(worth) AS worth
    FROM credits
    GROUP BY name, model, amount_currency, decimals
),
named AS (
    SELECT
        name,
        LEAST(
            row_number() OVER (
                ORDER BY
                    sum(parts) FILTER (WHERE model = 'last_non_direct') DESC NULLS LAST,
                    sum(parts) FILTER (WHERE model = 'linear') DESC, name
            ),
            $3 + 1
        ) AS line
    FROM by_currency
    GROUP BY name
),
lines AS (
    SELECT line, CASE WHEN line <= $3 THEN min(name) END AS name, count(*) AS names
    FROM named
    GROUP BY line
),
summed AS (
    SELECT line, model, currency, decimals, sum(parts) AS parts, sum(worth) AS worth
    FROM by_currency
    JOIN named USING (name)
    GROUP BY line, model, currency, decimals
),
by_model AS (
    SELECT
        line, model, sum(parts)::bigint AS parts,
        jsonb_object_agg(currency, jsonb_build_array(
            1, round(worth / power(10::numeric, decimals), decimals)
        )) FILTER (WHERE currency IS NOT NULL) AS order_values
    FROM summed
    GROUP BY line, model
),
credited AS (
    SELECT
        line,
        jsonb_object_agg(model || '_conversions', parts)
            || jsonb_object_agg(model || '_values', order_values) AS credits
    FROM by_model
    GROUP BY line
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
)
SELECT
    lines.name, lines.names, COALESCE(assisted_conversions, 0) AS assisted_conversions, credited.credits
FROM lines
JOIN credited USING (line)
LEFT JOIN assisted USING (line)
ORDER BY line;
