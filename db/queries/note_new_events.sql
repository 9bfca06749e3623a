-- Make the sessions of the next events stale, in the order in which they were stored.
-- Parameters: $1, how many events to look at; all with the created_at of the last one are.
-- Columns: noted_until; is_done, whether no newer event is to be looked at now; is_far_behind,
-- whether what is to be done is old, as at the first time of all.
--
-- Events are found by created_at, which is the begin of the transaction that stores them. One
-- that has not committed yet must not be passed over, so nothing is looked at from the begin of
-- the oldest transaction on that may still write: one that has written, that is young, or that is
-- a collector's, whose first statement may wait for a lock. And what was stored up to ten seconds
-- before is looked at again where its transaction may not have been visible the last time: a
-- server's clock may have been set back, or another server have taken over.
WITH horizon AS (
    SELECT LEAST(now() - INTERVAL '100 milliseconds', min(xact_start)) AS at
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND (
        backend_xid IS NOT NULL OR xact_start > now() - INTERVAL '30 seconds'
        OR application_name = 'conversion-tracking'
    )
),
slice AS (
    SELECT noted_until AS begin_at, noted_xmin, LEAST(horizon.at, next.created_at) AS end_at,
        next.created_at IS NULL OR next.created_at >= horizon.at AS is_done
    FROM facts_progress
    CROSS JOIN horizon
    LEFT JOIN LATERAL (
        SELECT created_at
        FROM conversion_events
        WHERE created_at > noted_until
        ORDER BY created_at
        OFFSET $1
        LIMIT 1
    ) AS next ON TRUE
),
new_events AS MATERIALIZED (
    SELECT session_id, COALESCE(order_id, stripe_session_id) AS order_key
    FROM slice
    JOIN conversion_events AS e ON e.created_at >= begin_at - INTERVAL '10 seconds'
        AND e.created_at < GREATEST(begin_at, end_at)
        AND (e.created_at >= begin_at OR age(e.xmin) <= age(noted_xmin))
),
noted AS (
    INSERT INTO stale_sessions (session_id, stale_from)
    SELECT session_id, begin_at
    FROM slice
    CROSS JOIN (
        SELECT session_id FROM new_events
        UNION
        -- An earlier report of an order takes it from the session that had it.
        SELECT e.session_id
        FROM (SELECT DISTINCT order_key FROM new_events WHERE order_key IS NOT NULL) AS keys
        CROSS JOIN LATERAL (
            SELECT session_id FROM conversion_events
            WHERE COALESCE(order_id, stripe_session_id) = keys.order_key
            OFFSET 0  -- so that it is looked up by the index, whatever the planner believes
        ) AS e
    ) AS sessions
)
UPDATE facts_progress SET
    noted_until = GREATEST(noted_until, slice.end_at),
    noted_xmin = pg_snapshot_xmin(pg_current_snapshot())::xid
FROM slice
RETURNING noted_until, slice.is_done, LEAST(
    slice.begin_at, (SELECT stale_from FROM stale_sessions ORDER BY id LIMIT 1)
) < now() - INTERVAL '10 minutes' AS is_far_behind;
