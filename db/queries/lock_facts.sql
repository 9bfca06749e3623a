-- Begin a transaction that refreshes the facts: one at a time, and not for long. A plan of theirs
-- costs enough for JIT to start, which then takes longer than they do. In a new database whose
-- events were never counted Postgres takes those of 2,000 sessions for one row, and joins them by
-- loops in loops: minutes for 20,000 events. All tables are small there.
-- Parameters: $1 milliseconds that a statement may take, as a text.
-- Columns: locked, whether this transaction is the one; the settings.
SELECT
    pg_try_advisory_xact_lock(hashtext('conversion-tracking facts')) AS locked,
    set_config('statement_timeout', $1, true) AS statement_timeout,
    set_config('work_mem', '32MB', true) AS work_mem,
    set_config('jit', 'off', true) AS jit,
    set_config(
        'enable_nestloop',
        CASE WHEN c.reltuples < 0 THEN 'off' ELSE current_setting('enable_nestloop') END,
        true
    ) AS enable_nestloop
FROM pg_class AS c
WHERE c.oid = 'conversion_events'::regclass;
