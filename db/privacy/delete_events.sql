-- Delete some events, the oldest first; but refunds, without which their orders would be worth
-- more than they were, stay as long as sessions do.
-- Parameters: $1 from, $2 until, when they were stored; $3, at most how many; $4 until, for
-- refunds.
-- Columns: stored_at, a row for each.
DELETE FROM conversion_events
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM conversion_events
    WHERE created_at >= $1 AND created_at < $2
        AND (event_type <> 'refund' OR created_at < $4)
    ORDER BY created_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING created_at AS stored_at;
