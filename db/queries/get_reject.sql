-- One rejected event.
-- Parameters: $1 its id. Columns: those of list_rejects.sql; no row where there is none.
SELECT
    id, event_id, reason, message, errors::text AS errors, endpoint, content_type, body,
    body_cut, ip_address, stamp_verified, user_agent, request_id, received_at, replayed_at,
    replay_result, repeats, xmin::text AS version
FROM rejected_events
WHERE id = $1;
