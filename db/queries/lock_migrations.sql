-- Take the lock of who migrates, which ends with the transaction, where nobody else has it. Who
-- waited in the statement would hold a snapshot, for which CREATE INDEX CONCURRENTLY of the one who
-- migrates waits in turn.
-- Parameters: $1 the lock's key. Columns: locked.
SELECT pg_try_advisory_xact_lock($1) AS locked;
