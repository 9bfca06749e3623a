-- The orders that count for the sessions of "human" (fold_orders.sql), as fold_funnel.sql takes
-- them.
order_changes AS (
    SELECT
        o.session_id, o.event_id, o.happened_at, 1 AS orders, o.conversion_value, o.currency
    FROM human
    JOIN counted_orders AS o USING (order_key)
    WHERE o.event_id = human.id AND o.session_id = human.session_id
),
