-- Begin a transaction that takes away what is too old: one at a time, and not for long.
-- Parameters: $1 milliseconds that a statement may take, as a text.
-- Columns: locked, whether this transaction is the one; the settings. The first tells the triggers
-- that nothing is to follow what is taken away (is_aging).
SELECT
    pg_try_advisory_xact_lock(hashtext('conversion-tracking retention')) AS locked,
    set_config('conversion_tracking.aging', 'on', true) AS aging,
    set_config('statement_timeout', $1, true) AS statement_timeout,
    set_config('jit', 'off', true) AS jit;
