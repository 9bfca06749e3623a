-- The migrations that were applied.
-- Parameters: none. Columns: version, checksum.
SELECT version, checksum FROM schema_migrations ORDER BY version;
