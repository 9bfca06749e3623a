-- Which events are stored.
-- Parameters: $1, an array of event ids. Columns: id.
SELECT id FROM conversion_events WHERE id = ANY ($1::uuid[]);
