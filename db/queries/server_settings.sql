-- What the server does so that a commit survives a power cut.
-- Parameters: none. Columns: fsync, full_page_writes; one row.
SELECT
    current_setting('fsync') AS fsync,
    current_setting('full_page_writes') AS full_page_writes;
