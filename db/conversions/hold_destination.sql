-- Take a destination, or go on holding it: one process at a time sends to it.
-- Parameters: $1, its name; $2, the process; $3, for how long; $4, the warning of the platform's
-- version. Columns: wait_seconds until something may be sent, failures in a row, is_paused. No row
-- while another process holds it.
WITH hold AS (
    UPDATE destination_states SET
        held_by = $2::uuid, held_until = now() + $3::interval, warning = $4::text
    WHERE name = $1 AND (held_by = $2 OR held_until IS NULL OR held_until < now())
    RETURNING *
),
begun AS (
    INSERT INTO destination_states (name, held_by, held_until, warning)
    VALUES ($1::text, $2, now() + $3, $4)
    ON CONFLICT (name) DO NOTHING
    RETURNING *
)
SELECT
    COALESCE(GREATEST(EXTRACT(EPOCH FROM resume_at - now()), 0), 0)::double precision
        AS wait_seconds,
    failures,
    paused_at IS NOT NULL AS is_paused
FROM (SELECT * FROM hold UNION ALL SELECT * FROM begun) AS held;
