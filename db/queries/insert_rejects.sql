-- Keep a batch of rejected events, no two with one event_id.
-- A row that is kept already is to be replayed again: a queue had taken its replay, and Postgres has
-- refused it once more.
-- Parameters: one array a column, all of one length, in the order of Reject's fields
-- (collector/rejects/reject.py); errors come as JSON texts.
-- Columns: none.
INSERT INTO rejected_events (
    event_id, reason, message, errors, endpoint, content_type, body, body_cut, ip_address,
    stamp_verified, user_agent, request_id, received_at
)
SELECT *
FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::text[], $6::text[], $7::bytea[],
    $8::boolean[], $9::text[], $10::boolean[], $11::text[], $12::text[], $13::timestamptz[]
)
ON CONFLICT (event_id) DO UPDATE SET
    message = EXCLUDED.message,
    body = EXCLUDED.body,
    body_cut = EXCLUDED.body_cut,
    replayed_at = NULL,
    replay_result = NULL;
