-- Wait until no other process migrates. The lock ends with the transaction.
-- Parameters: $1 the lock's key. Columns: one, without meaning.
SELECT pg_advisory_xact_lock($1);
