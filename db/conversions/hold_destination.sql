-- Take a destination, or go on holding it: one process at a time sends to it.
-- Parameters: $1, its name; $2, the process; $3, for how long; $4, the warning of the platform's
-- version. Columns: wait_seconds until something may be sent, failures in a row, is_paused. No row
-- while another process holds it.
INSERT INTO destination_states AS s (name, held_by, held_until, warning)
VALUES ($1::text, $2::uuid, now() + $3::interval, $4::text)
ON CONFLICT (name) DO UPDATE SET
    held_by = EXCLUDED.held_by, held_until = EXCLUDED.held_until, warning = EXCLUDED.warning
WHERE s.held_by = EXCLUDED.held_by OR s.held_until IS NULL OR s.held_until < now()
RETURNING
    COALESCE(GREATEST(EXTRACT(EPOCH FROM resume_at - now()), 0), 0)::double precision
        AS wait_seconds,
    failures,
    paused_at IS NOT NULL AS is_paused;
