-- Let deliveries wait. Parameters: $1, the destination; an array each of session_id, event_id and
-- until when.
UPDATE deliveries AS d SET next_at = waiting.until
FROM unnest($2::text[], $3::uuid[], $4::timestamptz[]) AS waiting (session_id, event_id, until)
WHERE d.session_id = waiting.session_id AND d.event_id = waiting.event_id
    AND d.destination = $1 AND d.state = 'pending';
