-- A destination has not taken a request. Parameters: $1, its name; $2, why; $3, what somebody must
-- do, null where it passes by itself; $4, for how long nothing is sent.
UPDATE destination_states SET
    failures = failures + 1,
    resume_at = now() + $4::interval,
    paused_at = CASE WHEN $3::text IS NOT NULL THEN COALESCE(paused_at, now()) END,
    reason = $2,
    advice = $3
WHERE name = $1;
