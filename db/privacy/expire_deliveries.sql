-- Give up what waits for longer than any ad platform takes: who the customer is goes with that. A
-- destination that is not sent to any more does not do so itself.
-- Parameters: $1 from, $2 until, when they were queued; $3, at most how many.
-- Columns: stored_at, a row for each.
UPDATE deliveries SET
    state = 'expired', reason = 'nobody sent it', settled_at = now(), user_data = NULL
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM deliveries
    WHERE state = 'pending' AND queued_at >= $1 AND queued_at < $2
    ORDER BY queued_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING queued_at AS stored_at;
