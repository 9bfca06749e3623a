-- A destination has taken something: it is well. Parameters: $1, its name.
UPDATE destination_states SET
    failures = 0, resume_at = NULL, paused_at = NULL, reason = NULL, advice = NULL, sent_at = now()
WHERE name = $1;
