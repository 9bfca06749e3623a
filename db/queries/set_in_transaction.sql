-- What a session of one's own is given when it is made, for one transaction.
-- Parameters: $1 milliseconds that a statement may take, as a text. Columns: two, in one row.
SELECT
    set_config('synchronous_commit', 'on', true) AS synchronous_commit,
    set_config('statement_timeout', $1, true) AS statement_timeout;
