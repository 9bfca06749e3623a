-- Let the event count for each order that counts among those that are stored now.
-- Parameters: $1, the order keys, which are locked. Columns: session_id, for which they count.
WITH stored AS (
    SELECT
        -- include funnel_facts
    FROM conversion_events
    WHERE COALESCE(order_id, stripe_session_id) = ANY ($1::text[])
),
-- include fold_orders
uncounted AS (
    DELETE FROM counted_orders
    WHERE order_key = ANY ($1::text[]) AND order_key NOT IN (SELECT order_key FROM counting)
)
UPDATE counted_orders AS o SET
    event_id = counting.event_id,
    session_id = counting.session_id,
    happened_at = counting.happened_at,
    conversion_value = counting.conversion_value,
    currency = counting.currency,
    -- What is erased leaves nothing behind.
    replaced_event_id = NULL,
    replaced_session_id = NULL,
    replaced_happened_at = NULL,
    replaced_value = NULL,
    replaced_currency = NULL
FROM counting
WHERE o.order_key = counting.order_key
RETURNING o.session_id;
