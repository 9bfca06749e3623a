-- Wait for a lock no longer than a second, in this transaction.
-- Parameters: none. Columns: lock_timeout.
SELECT set_config('lock_timeout', '1s', true) AS lock_timeout;
