-- How many events name one order: few. Postgres has statistics of the partial index on the order's
-- key, and does not use them: it took 0.5 % of all events for each key, and from forty keys on read
-- the whole table (db/queries/elect_orders.sql; docs/scale.md#statistics-of-orders).
SET LOCAL lock_timeout = '2s';
CREATE STATISTICS conversion_events_order_key
    ON (COALESCE(order_id, stripe_session_id)) FROM conversion_events;
-- An empty table stays without statistics: with those of no row Postgres would plan for few, and
-- nobody could tell that they say nothing (db/queries/lock_facts.sql).
DO $$
BEGIN
    IF EXISTS (SELECT FROM conversion_events) THEN
        ANALYZE conversion_events (order_id, stripe_session_id);
    END IF;
END
$$;
