-- How many events name one order: two or three. Postgres keeps the statistics of the index on
-- COALESCE(order_id, stripe_session_id), and does not use them for "= ANY" of many keys: it took
-- 0.5 % of all events for each key, and from some forty keys on read the whole table
-- (db/queries/elect_orders.sql; docs/scale.md#statistics-of-orders).
SET LOCAL lock_timeout = '2s';
CREATE STATISTICS conversion_events_order_key
    ON (COALESCE(order_id, stripe_session_id)) FROM conversion_events;
ANALYZE conversion_events (order_id, stripe_session_id);
