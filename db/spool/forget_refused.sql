-- Empty the list of refused events, after they were copied back to the queue.
-- Parameters: none. Columns: none.
DELETE FROM refused;
