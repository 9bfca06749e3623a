-- Note that a migration was applied.
-- Parameters: $1 version, $2 name, $3 checksum. Columns: none.
INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3);
