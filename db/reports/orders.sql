-- title: Orders
-- group: revenue
-- answers: Which orders there were, the newest first, what each brought, and where from.
-- parameters: from, to, limit
-- columns: ordered_at, order_key, revenue, refunds, net_revenue, channel, source, medium, campaign,
--   landing_page, session_id
WITH
-- include orders
listed AS (
    SELECT * FROM orders ORDER BY ordered_at DESC, conversion_id LIMIT $3
)
SELECT
    ordered_at, order_key, channel, source, medium, campaign, landing_page, session_id,
    CASE WHEN amount IS NOT NULL THEN
        jsonb_build_object(amount_currency, jsonb_build_array(1, amount))
    END AS order_values,
    CASE WHEN refunded_amount > 0 THEN
        jsonb_build_object(amount_currency, jsonb_build_array(1, -refunded_amount))
    END AS refund_values
FROM listed
ORDER BY ordered_at DESC, conversion_id;
