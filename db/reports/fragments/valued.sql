-- The orders of places. Included after a part of WITH that is named "converting": sessions that
-- converted, with a place each.
valued AS (
    SELECT place, jsonb_object_agg(currency, jsonb_build_array(orders, worth)) AS order_values
    FROM (
        SELECT place, key AS currency,
            sum((value ->> 0)::bigint) AS orders, sum((value ->> 1)::numeric) AS worth
        FROM converting
        CROSS JOIN LATERAL jsonb_each(order_values)
        GROUP BY place, key
    ) AS by_currency
    GROUP BY place
)
