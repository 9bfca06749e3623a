-- What the server is, and how many connections it has.
-- Parameters: none.
-- Columns: version as a number and as text, max_connections that a role without rights may use,
-- connections of all databases, is_replica; one row.
SELECT
    current_setting('server_version_num')::int AS version,
    current_setting('server_version') AS version_text,
    current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int AS max_connections,
    (SELECT sum(numbackends)::int FROM pg_stat_database) AS connections,
    pg_is_in_recovery() AS is_replica;
