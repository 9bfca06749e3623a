-- Delete some orders.
-- Parameters: $1 from, $2 until, when they were made; $3, at most how many.
-- Columns: stored_at, a row for each.
DELETE FROM counted_orders
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM counted_orders
    WHERE happened_at >= $1 AND happened_at < $2
    ORDER BY happened_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING happened_at AS stored_at;
