-- How a spool's file is kept. Runs on each opening; SQLite remembers only the first.
-- Parameters: none. Columns: none that are read.
PRAGMA journal_mode = WAL;
-- Each commit is synced: a returned append survives a power cut (docs/durability.md).
PRAGMA synchronous = FULL;
-- macOS: fsync there leaves the data in the drive's cache. Without effect elsewhere.
PRAGMA fullfsync = ON;
PRAGMA checkpoint_fullfsync = ON;
-- The log's file is cut back to 4 MiB after a checkpoint, whatever one batch made of it.
PRAGMA journal_size_limit = 4194304;
