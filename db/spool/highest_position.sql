-- The last position that the file of an older collector gave to an event, as SQLite knows it.
-- Parameters: none. Columns: highest (0 where there was no event yet).
SELECT coalesce(max(seq), 0) AS highest FROM sqlite_sequence WHERE name = 'waiting';
