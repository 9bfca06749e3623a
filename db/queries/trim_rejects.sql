-- Delete the rejected events that are too old, and the oldest while all are too large.
-- Parameters: $1 days that a row is kept, $2 bytes that all bodies may have together.
-- Columns: one row for each that was deleted, without meaning.
-- A row counts 500 bytes beside its body: its other columns and its place in the indexes.
WITH sized AS (
    SELECT id, created_at, sum(octet_length(body) + 500) OVER (ORDER BY id DESC) AS newer_bytes
    FROM rejected_events
)
DELETE FROM rejected_events AS r
USING sized
WHERE r.id = sized.id
    AND (sized.newer_bytes > $2::bigint OR sized.created_at < now() - make_interval(days => $1))
RETURNING 1;
