-- Postgres's own clock.
-- Parameters: none. Columns: at.
SELECT clock_timestamp() AS at;
