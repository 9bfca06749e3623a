-- How many transactions this database has committed.
-- Parameters: none. Columns: commits.
SELECT xact_commit AS commits FROM pg_stat_database WHERE datname = current_database();
