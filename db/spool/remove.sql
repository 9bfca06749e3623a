-- Remove an event that is in Postgres now; removing it again changes nothing.
-- Parameters: ?1 position. Columns: none.
DELETE FROM waiting WHERE position = ?1;
