-- The annotations of some days, by day.
-- Parameters: $1 the first day, $2 the last, $3 how many.
-- Columns: id, day, text, created_by, created_at.
SELECT id, day, text, created_by, created_at
FROM dashboard_annotations
WHERE day BETWEEN $1 AND $2
ORDER BY day, id
LIMIT $3;
