-- What became of the doctor's event.
-- Parameters: $1 its session, $2 its id.
-- Columns: ip_address, stamp_verified, request_id, is_bot; one row, or none.
SELECT ip_address, stamp_verified, request_id, is_bot
FROM conversion_events
WHERE session_id = $1 AND id = $2;
