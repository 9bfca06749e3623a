-- Write down what became of deliveries; what the site said of the person is not kept after that.
-- Parameters: $1, the destination; then an array each of session_id, event_id, state, reason and
-- remote_id.
UPDATE deliveries AS d SET
    state = settled.state,
    reason = settled.reason,
    remote_id = settled.remote_id,
    settled_at = now(),
    user_data = NULL
FROM unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[])
    AS settled (session_id, event_id, state, reason, remote_id)
WHERE d.session_id = settled.session_id AND d.event_id = settled.event_id
    AND d.destination = $1 AND d.state = 'pending';
