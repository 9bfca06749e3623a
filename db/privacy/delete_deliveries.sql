-- Delete what became of some conversions at ad platforms.
-- Parameters: $1 from, $2 until, when they were settled; $3, at most how many.
-- Columns: stored_at, a row for each.
DELETE FROM deliveries
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM deliveries
    WHERE settled_at >= $1 AND settled_at < $2
    ORDER BY settled_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING settled_at AS stored_at;
