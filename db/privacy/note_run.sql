-- Say that all was taken away that was too old.
-- Parameters: none. Columns: none.
UPDATE retention_progress SET ran_at = now();
