-- The tables of a spool's file. A change here needs a way for files that exist already.
-- Parameters: none. Columns: none.
CREATE TABLE IF NOT EXISTS waiting (
    -- The order in which events came. AUTOINCREMENT: a position is never used twice, so
    -- that removing one again cannot remove another event.
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    received_us INTEGER NOT NULL,       -- when the event was received, microseconds since 1970
    event BLOB NOT NULL                 -- collector/codec.py
);
-- Events that Postgres refuses, or that cannot be read: kept until an operator replays them.
CREATE TABLE IF NOT EXISTS refused (
    position INTEGER PRIMARY KEY,
    received_us INTEGER NOT NULL,
    event BLOB NOT NULL,
    reason TEXT NOT NULL                -- without values of the event
);
