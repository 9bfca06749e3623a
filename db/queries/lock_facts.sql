-- Whether this transaction is the one that refreshes the facts: one at a time.
-- Parameters: none. Columns: locked.
SELECT pg_try_advisory_xact_lock(hashtext('conversion-tracking facts')) AS locked;
