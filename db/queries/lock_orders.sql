-- Lock orders against writers until the end of the transaction, also those that are not counted
-- yet: for these there is a row that elect_orders.sql fills or takes away.
-- Parameters: $1, the order keys. Columns: session_id, for which they counted.
WITH locked AS (
    INSERT INTO counted_orders AS o (order_key, event_id, session_id, happened_at)
    SELECT order_key, '00000000-0000-0000-0000-000000000000', 'none', '-infinity'
    FROM unnest($1::text[]) AS order_key
    ORDER BY order_key
    ON CONFLICT (order_key) DO UPDATE SET event_id = o.event_id
    RETURNING event_id, session_id
)
SELECT session_id FROM locked WHERE event_id <> '00000000-0000-0000-0000-000000000000';
