-- Delete rejected events.
-- Parameters: $1, their ids. Columns: none.
DELETE FROM rejected_events WHERE id = ANY ($1::bigint[]);
