-- The database's clock.
-- Parameters: none. Columns: now, one row.
SELECT clock_timestamp() AS now;
