-- The event that counts for each order, into an empty counted_orders.
-- Parameters: none. Columns: none.
WITH stored AS (
    SELECT
        -- include funnel_facts
    FROM conversion_events
    WHERE COALESCE(order_id, stripe_session_id) IS NOT NULL
),
-- include fold_orders
kept AS (SELECT * FROM counting)
INSERT INTO counted_orders (
    order_key, event_id, session_id, happened_at, conversion_value, currency
)
SELECT order_key, event_id, session_id, happened_at, conversion_value, currency
FROM kept;
