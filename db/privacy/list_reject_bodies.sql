-- What was sent in rejected events, the newest first.
-- Parameters: $1 only ids below this (null: from the newest), $2 how many.
-- Columns: id, body.
SELECT id, body
FROM rejected_events
WHERE $1::bigint IS NULL OR id < $1
ORDER BY id DESC
LIMIT $2;
