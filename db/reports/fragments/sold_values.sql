-- The orders of places, and what was refunded of them as amounts below zero. Included after a part
-- of WITH that is named "sold": rows of "orders" with a place each.
sold_values AS (
    SELECT
        place,
        jsonb_object_agg(currency, jsonb_build_array(orders, worth)) AS order_values,
        jsonb_object_agg(currency, jsonb_build_array(refunds, -refunded))
            FILTER (WHERE refunds > 0) AS refund_values
    FROM (
        SELECT
            place, amount_currency AS currency,
            count(*) AS orders, sum(amount) AS worth,
            count(*) FILTER (WHERE refunded_amount > 0) AS refunds,
            sum(refunded_amount) AS refunded
        FROM sold
        WHERE amount IS NOT NULL
        GROUP BY place, amount_currency
    ) AS by_currency
    GROUP BY place
)
