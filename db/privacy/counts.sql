-- What is too old now, without taking it away.
-- Parameters: $1 events, $2 sessions, $3 addresses, $4 rejects, $6 settled deliveries, $7 those that
-- wait: before when each is too old, null for never; $5, the begin of the first day of which
-- sessions are kept.
-- Columns: place, what becomes of its rows and in which table; rows; oldest, when the oldest of
-- them was stored or began, null where there is none.
WITH going AS (
    SELECT session_id, id, created_at
    FROM conversion_events
    WHERE created_at < $1 AND (event_type <> 'refund' OR created_at < $2)
),
waiting AS (
    SELECT
        queued_at,
        queued_at < $7 AS is_too_old,
        (queued_at < $1 AND (
            EXISTS (SELECT FROM going WHERE going.session_id = d.session_id AND going.id = d.event_id)
            OR NOT EXISTS (
                SELECT
                FROM conversion_events AS e
                WHERE e.session_id = d.session_id AND e.id = d.event_id
            )
        )) IS TRUE AS is_orphan
    FROM deliveries AS d
    WHERE state = 'pending'
)
SELECT 'conversion_events_addresses' AS place, count(*) AS rows, min(created_at) AS oldest
FROM conversion_events
WHERE created_at < $3 AND (ip_address IS NOT NULL OR user_agent IS NOT NULL)
UNION ALL
SELECT 'rejected_events_addresses', count(*), min(created_at)
FROM rejected_events
WHERE created_at < $3 AND (ip_address IS NOT NULL OR user_agent IS NOT NULL)
UNION ALL
SELECT 'session_facts_addresses', count(*), min(started_at)
FROM session_facts
WHERE started_at < $3 AND user_agent IS NOT NULL
UNION ALL
SELECT 'conversion_events', count(*), min(created_at)
FROM going
UNION ALL
SELECT 'session_facts', count(*), min(started_at)
FROM session_facts
WHERE started_at < $5
UNION ALL
SELECT 'conversion_funnel', count(*), min(created_at)
FROM conversion_funnel
WHERE created_at < $2 AND last_event_at < $2
UNION ALL
SELECT 'counted_orders', count(*), min(happened_at)
FROM counted_orders
WHERE happened_at < $2
UNION ALL
SELECT 'deliveries', count(*), min(stored_at)
FROM (
    SELECT settled_at AS stored_at FROM deliveries WHERE settled_at < $6
    UNION ALL
    SELECT queued_at FROM waiting WHERE is_orphan
) AS deliveries_to_go
UNION ALL
SELECT 'deliveries_user_data', count(*), min(queued_at)
FROM waiting
WHERE is_too_old AND NOT is_orphan
UNION ALL
SELECT 'rejected_events', count(*), min(created_at)
FROM rejected_events
WHERE created_at < $4;
