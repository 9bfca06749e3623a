-- Delete deliveries that wait, and whose events are gone for their age.
-- Parameters: $1 from, $2 until, when they were queued; $3, at most how many.
-- Columns: stored_at, a row for each.
DELETE FROM deliveries
WHERE ctid = ANY (ARRAY(
    SELECT d.ctid
    FROM deliveries AS d
    WHERE d.state = 'pending' AND d.queued_at >= $1 AND d.queued_at < $2
        AND NOT EXISTS (
            SELECT
            FROM conversion_events AS e
            WHERE e.session_id = d.session_id AND e.id = d.event_id
        )
    ORDER BY d.queued_at
    LIMIT $3
    FOR UPDATE OF d SKIP LOCKED
))
RETURNING queued_at AS stored_at;
