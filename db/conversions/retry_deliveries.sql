-- Send again what a platform refused. Parameters: $1, the destination; $2, only with this reason,
-- null for any. Columns: how many.
WITH again AS (
    UPDATE deliveries SET
        state = 'pending', reason = NULL, settled_at = NULL, next_at = now()
    WHERE destination = $1 AND state = 'refused' AND ($2::text IS NULL OR reason = $2)
    RETURNING 1
)
SELECT count(*) FROM again;
