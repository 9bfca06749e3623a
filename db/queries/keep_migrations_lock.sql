-- Let the transaction that holds the lock of who migrates be idle for as long as that takes.
-- Without parameters, so that it goes as a simple query, which ends the portal of the statement
-- before it, and with that the snapshot: CREATE INDEX CONCURRENTLY would wait for it.
-- Parameters: none. Columns: none.
SET LOCAL idle_in_transaction_session_timeout = 0;
