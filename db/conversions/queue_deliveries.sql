-- Queue events that are stored already, as those of the days before a destination was there. What
-- was queued before stays as it is. What the site said of a person then is not known any more.
-- Parameters: $1, the destination; $2 and $3, when they were received, from and before.
-- Columns: state and reason, and how many.
WITH stored AS (
    SELECT
        event_type, sequence, gpc, stamp_verified, consent,
        -- include funnel_facts
    FROM conversion_events
    WHERE received_at >= $2 AND received_at < $3 AND event_type IN (
        SELECT jsonb_object_keys(events) FROM destinations WHERE name = $1
    )
),
-- include decide_deliveries
queued AS (
    INSERT INTO deliveries (
        session_id, event_id, destination, name, state, reason, order_key, from_page, happened_at,
        next_at, settled_at
    )
    SELECT
        session_id, event_id, destination, name, state, reason, order_key, from_page, happened_at,
        next_at, settled_at
    FROM decided
    WHERE destination = $1
    ON CONFLICT DO NOTHING
    RETURNING state, reason
)
SELECT state, reason, count(*) FROM queued GROUP BY state, reason ORDER BY state, reason;
