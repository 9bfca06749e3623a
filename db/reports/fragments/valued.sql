-- The orders of places. Included after a part of WITH that is named "converting": sessions that
-- converted, with a place each. Amounts are in the reporting currency where a rate is known.
valued AS (
    SELECT place, jsonb_object_agg(currency, jsonb_build_array(orders, worth)) AS order_values
    FROM (
        SELECT
            place, exchanged.currency,
            sum((value ->> 0)::bigint) AS orders,
            sum(round((value ->> 1)::numeric * exchanged.rate, exchanged.decimals)) AS worth
        FROM converting
        CROSS JOIN LATERAL jsonb_each(order_values)
        CROSS JOIN LATERAL exchange(key, converted_at, $currency, $minor_units) AS exchanged
        GROUP BY place, exchanged.currency
    ) AS by_currency
    GROUP BY place
)
