-- Write the changed pages of earlier rounds to disk, so that no round does another's work.
-- Parameters: none. Columns: none.
CHECKPOINT;
