-- Delete the orders that count for some sessions still, since their events were gone before; of
-- others take away what they know of these sessions.
-- Parameters: $1, the session ids. Columns: none.
WITH gone AS (
    DELETE FROM counted_orders WHERE session_id = ANY ($1::text[])
)
UPDATE counted_orders SET
    replaced_event_id = NULL,
    replaced_session_id = NULL,
    replaced_happened_at = NULL,
    replaced_value = NULL,
    replaced_currency = NULL
WHERE replaced_session_id = ANY ($1::text[]) AND session_id <> ALL ($1::text[]);
