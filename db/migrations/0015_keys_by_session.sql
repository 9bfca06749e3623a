-- Every key of sessions' rows begins with session_id, as a Postgres in shards needs it
-- (docs/scale.md#shards): an event is one of its session, so the same event_id in two sessions is
-- two events, and the funnel's key is its session.
--
-- In steps, since the tables may be large: the indexes are built while collectors write, and only
-- the last step, which takes a moment, locks the tables. Each step may run again.

-- What an earlier try has left unfinished.
DO $$
DECLARE
    unfinished TEXT;
BEGIN
    PERFORM set_config('lock_timeout', '2s', TRUE);
    FOR unfinished IN
        SELECT indexrelid::regclass::text
        FROM pg_index
        WHERE NOT indisvalid AND indexrelid IN (
            to_regclass('conversion_events_key'), to_regclass('conversion_funnel_key'),
            to_regclass('idx_event_id')
        )
    LOOP
        EXECUTE 'DROP INDEX ' || unfinished;
    END LOOP;
END
$$;
-- next step
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS conversion_events_key
    ON conversion_events (session_id, id);
-- next step
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS conversion_funnel_key
    ON conversion_funnel (session_id);
-- next step
-- Collectors of 0.1.0 look for events by their ids alone (stored_ids.sql). Nothing else needs it: it
-- goes with the version after.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_event_id ON conversion_events (id);
-- next step
-- Whoever waits for a lock holds up all who come after: not for long, and then once more.
SET LOCAL lock_timeout = '2s';
LOCK TABLE conversion_events, conversion_funnel IN ACCESS EXCLUSIVE MODE;

ALTER TABLE conversion_events DROP CONSTRAINT conversion_events_pkey;
ALTER TABLE conversion_events
    ADD CONSTRAINT conversion_events_pkey PRIMARY KEY USING INDEX conversion_events_key;
-- The key finds a session's events as well.
DROP INDEX idx_session_id;

ALTER TABLE conversion_funnel
    DROP CONSTRAINT conversion_funnel_pkey,
    DROP CONSTRAINT conversion_funnel_session_id_key;
ALTER TABLE conversion_funnel
    ADD CONSTRAINT conversion_funnel_pkey PRIMARY KEY USING INDEX conversion_funnel_key;

-- Replays that a queue takes are "queued": which results there are, the program says alone.
ALTER TABLE rejected_events DROP CONSTRAINT rejected_events_replay_result_check;

-- As before, but that an event is told from another by its session too.
CREATE OR REPLACE VIEW conversion_orders AS
SELECT
    o.order_key, o.event_id, o.session_id, o.happened_at AS ordered_at,
    o.conversion_value, o.currency, others.refunded,
    o.conversion_value - others.refunded AS net_value, others.repeat_ids,
    f.user_id, f.external_user_id, f.source_type, f.channel, f.utm_source, f.utm_medium,
    f.utm_campaign
FROM counted_orders AS o
LEFT JOIN conversion_funnel AS f USING (session_id)
CROSS JOIN LATERAL (
    SELECT
        COALESCE(sum(e.conversion_value) FILTER (
            WHERE e.event_type = 'refund' AND e.currency = o.currency
        ), 0) AS refunded,
        COALESCE(array_agg(e.id ORDER BY e.id) FILTER (
            WHERE e.converted AND NOT e.is_bot
                AND (e.session_id, e.id) <> (o.session_id, o.event_id)
        ), '{}') AS repeat_ids
    FROM conversion_events AS e
    WHERE COALESCE(e.order_id, e.stripe_session_id) = o.order_key
) AS others
UNION ALL
SELECT
    NULL, NULL, session_id, converted_at, conversion_value, currency, 0, conversion_value, '{}',
    user_id, external_user_id, source_type, channel, utm_source, utm_medium, utm_campaign
FROM conversion_funnel
WHERE converted AND order_values IS NULL;
