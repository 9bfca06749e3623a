-- The table of rows that a client commits one by one, to see what a commit takes.
-- Parameters: none.
CREATE TABLE bare_commits (number bigint, at timestamptz NOT NULL DEFAULT clock_timestamp());
