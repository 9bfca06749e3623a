-- The table that says which migrations were applied.
-- Parameters: none. Columns: none.
CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,     -- SHA-256 of the file as it was applied
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
