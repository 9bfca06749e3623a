-- Delete some sessions of the funnel that nothing has happened in since.
-- Parameters: $1 from, $2 until, when they were made; $3, at most how many.
-- Columns: stored_at, a row for each.
DELETE FROM conversion_funnel
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM conversion_funnel
    WHERE created_at >= $1 AND created_at < $2 AND last_event_at < $2
    ORDER BY created_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING created_at AS stored_at;
