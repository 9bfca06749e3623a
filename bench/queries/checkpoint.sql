-- Write out what earlier rounds left, so that no round pays for another's.
-- Parameters: none. Columns: none.
CHECKPOINT;
