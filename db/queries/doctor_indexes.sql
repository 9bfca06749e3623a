-- Indexes that Postgres does not use, or whose building was not finished.
-- Parameters: none. Columns: index_name, table_name.
SELECT
    index_class.relname AS index_name,
    table_class.relname AS table_name
FROM pg_index AS i
JOIN pg_class AS index_class ON index_class.oid = i.indexrelid
JOIN pg_class AS table_class ON table_class.oid = i.indrelid
JOIN pg_namespace AS n ON n.oid = table_class.relnamespace
WHERE NOT (i.indisvalid AND i.indisready)
    AND n.nspname = ANY (current_schemas(FALSE))
ORDER BY index_name;
