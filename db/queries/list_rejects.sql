-- Rejected events, the newest first.
-- Parameters: $1 only this reason, $2 only with an error in this field (null: any),
-- $3 also those that were replayed, $4 only ids below this (null: from the newest), $5 how many.
-- Columns: those of rejected_events, errors as a JSON text; version, which each change of the row
-- changes.
SELECT
    id, event_id, reason, message, errors::text AS errors, endpoint, content_type, body,
    body_cut, ip_address, stamp_verified, user_agent, request_id, received_at, replayed_at,
    replay_result, repeats, xmin::text AS version
FROM rejected_events
WHERE ($1::text IS NULL OR reason = $1)
    AND (
        $2::text IS NULL
        OR errors @> jsonb_build_array(jsonb_build_object('field', $2::text))
    )
    AND ($3::boolean OR replayed_at IS NULL)
    AND ($4::bigint IS NULL OR id < $4)
ORDER BY id DESC
LIMIT $5;
