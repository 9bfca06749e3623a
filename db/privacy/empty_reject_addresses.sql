-- The same of rejected events.
-- Parameters: $1 from, $2 until, when they were stored; $3, at most how many.
-- Columns: stored_at, a row for each.
UPDATE rejected_events SET ip_address = NULL, user_agent = NULL
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM rejected_events
    WHERE created_at >= $1 AND created_at < $2
        AND (ip_address IS NOT NULL OR user_agent IS NOT NULL)
    ORDER BY created_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING created_at AS stored_at;
