-- Whether Postgres answers and the tables are there.
-- Parameters: none. Columns: one, always 1, in one row.
SELECT 1 FROM (VALUES (1)) AS one
WHERE NOT EXISTS (SELECT FROM conversion_events WHERE FALSE)
  AND NOT EXISTS (SELECT FROM conversion_funnel WHERE FALSE);
