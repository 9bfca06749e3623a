-- Give the space of removed events back to the disk: the file is written anew, as small as
-- its content, and the log is emptied.
-- Parameters: none. Columns: none that are read.
VACUUM;
PRAGMA wal_checkpoint(TRUNCATE);
