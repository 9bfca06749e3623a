-- Delete the facts of some sessions, of days whose sums are final.
-- Parameters: $1 from, $2 until, when they began; $3, at most how many.
-- Columns: stored_at, a row for each.
DELETE FROM session_facts
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM session_facts
    WHERE started_at >= $1 AND started_at < $2
    ORDER BY started_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING started_at AS stored_at;
