-- Delete some rejected events. The collector's keeper does so too (db/queries/trim_rejects.sql).
-- Parameters: $1 from, $2 until, when they were stored; $3, at most how many.
-- Columns: stored_at, a row for each.
DELETE FROM rejected_events
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM rejected_events
    WHERE created_at >= $1 AND created_at < $2
    ORDER BY created_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING created_at AS stored_at;
