-- Take events that were changed or erased off the queue.
-- Parameters: $1, at most how many entries. Columns: session_id; order_key, null for none.
DELETE FROM changed_events
WHERE id IN (SELECT id FROM changed_events ORDER BY id LIMIT $1)
RETURNING session_id, NULLIF(order_key, '') AS order_key;
