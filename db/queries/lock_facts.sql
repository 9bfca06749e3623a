-- Begin a transaction that refreshes the facts: one at a time, and not for long. A plan of theirs
-- costs enough for JIT to start, which then takes longer than they do.
-- Parameters: $1 milliseconds that a statement may take, as a text.
-- Columns: locked, whether this transaction is the one; the settings.
SELECT
    pg_try_advisory_xact_lock(hashtext('conversion-tracking facts')) AS locked,
    set_config('statement_timeout', $1, true) AS statement_timeout,
    set_config('work_mem', '32MB', true) AS work_mem,
    set_config('jit', 'off', true) AS jit;
