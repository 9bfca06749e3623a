-- How many events were stored since a time, in the collector's table or the original's
-- (docs/contract.md);
-- both have an index on created_at.
-- Parameters: $1 the time. Columns: count.
SELECT count(*) AS count FROM conversion_events WHERE created_at >= $1::timestamptz;
