-- Keep a copy of a waiting event among the refused; remove.sql follows in the same transaction.
-- Parameters: ?1 position, ?2 reason. Columns: none.
INSERT INTO refused (position, received_us, event, reason)
SELECT position, received_us, event, ?2 FROM waiting WHERE position = ?1;
