-- Add to rejected events how many more of their kind came.
-- Parameters: $1 event_ids, $2 how many more of each.
-- Columns: none. An event_id whose row is gone is passed over.
UPDATE rejected_events AS r
SET repeats = r.repeats + c.repeats
FROM unnest($1::uuid[], $2::bigint[]) AS c (event_id, repeats)
WHERE r.event_id = c.event_id;
