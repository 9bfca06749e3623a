-- title: Revenue by dimension
-- group: revenue
-- answers: What the orders of each channel, campaign, device ... brought, and what was refunded.
-- parameters: from, to, limit
-- by: channel
-- columns: counted_orders, orders, revenue, refunds, net_revenue, average_order
WITH
-- include orders
named AS MATERIALIZED (
    SELECT
        -- name
        amount, amount_currency, refunded_amount
    FROM orders
),
placed AS (
    SELECT
        name, count(*) AS counted_orders,
        -- include place
    FROM named
    GROUP BY name
    WINDOW in_order AS (ORDER BY count(*) DESC, name)
),
sold AS NOT MATERIALIZED (
    SELECT place, named.* FROM named JOIN placed USING (name)
),
-- include sold_values
SELECT
    -- include name_of_place
    sum(counted_orders)::bigint AS counted_orders,
    order_values, refund_values
FROM placed
LEFT JOIN sold_values USING (place)
GROUP BY place, order_values, refund_values
ORDER BY place;
