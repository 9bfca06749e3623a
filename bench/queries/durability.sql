-- Whether a commit is on disk before it is answered: both must be on.
-- Parameters: none. Columns: fsync, synchronous_commit.
SELECT current_setting('fsync') AS fsync,
       current_setting('synchronous_commit') AS synchronous_commit;
