-- title: Revenue
-- group: revenue
-- answers: What orders brought by hour, day, week or month, and what was refunded of them.
-- parameters: from, to, edges
-- columns: starts_at, is_complete, orders, revenue, refunds, net_revenue, average_order
WITH
-- include orders
sold AS NOT MATERIALIZED (
    SELECT width_bucket(ordered_at, $3::timestamptz[]) AS place, orders.* FROM orders
),
-- include sold_values
SELECT edge AS starts_at, order_values, refund_values
FROM unnest($3::timestamptz[]) WITH ORDINALITY AS edges (edge, place)
LEFT JOIN sold_values USING (place)
ORDER BY place;
