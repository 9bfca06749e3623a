-- Which orders stay as they are counted, since they were made before what retention has left of the
-- events (docs/privacy.md#retention).
-- Parameters: $1, the order keys. Columns: order_key.
SELECT order_key
FROM counted_orders
CROSS JOIN retention_progress
WHERE order_key = ANY ($1::text[]) AND happened_at < events_until;
