-- What is too old now, without taking it away.
-- Parameters: $1 events, $2 sessions, $3 addresses, $4 rejects: before when each is too old, null
-- for never; $5, the begin of the first day of which sessions are kept.
-- Columns: place, what becomes of its rows and in which table; rows; oldest, when the oldest of
-- them was stored or began, null where there is none.
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
FROM conversion_events
WHERE created_at < $1 AND (event_type <> 'refund' OR created_at < $2)
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
SELECT 'rejected_events', count(*), min(created_at)
FROM rejected_events
WHERE created_at < $4;
