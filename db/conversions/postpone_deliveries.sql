-- Let deliveries wait. Parameters: $1, the destination; an array each of session_id and event_id;
-- $4, for how long.
UPDATE deliveries AS d SET next_at = now() + $4::interval
FROM unnest($2::text[], $3::uuid[]) AS waiting (session_id, event_id)
WHERE d.session_id = waiting.session_id AND d.event_id = waiting.event_id
    AND d.destination = $1 AND d.state = 'pending';
