-- Copy the refused events back to the end of the queue; forget_refused.sql follows in the
-- same transaction.
-- Parameters: none. Columns: none.
INSERT INTO waiting (received_us, event)
SELECT received_us, event FROM refused ORDER BY position;
