-- Whether the file is whole: one row, 'ok', where it is. Reads the whole file.
-- Parameters: none. Columns: quick_check.
PRAGMA quick_check(1);
