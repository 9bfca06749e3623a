-- The sessions that began last, the newest first, and how far each has come.
-- Parameters: $1 how many.
-- Columns: those of session.sql.
SELECT *
FROM conversion_funnel
ORDER BY created_at DESC, id DESC
LIMIT $1;
