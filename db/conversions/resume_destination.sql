-- Send to a destination again at once. Parameters: $1, its name. Columns: name, where it is known.
UPDATE destination_states SET
    failures = 0, resume_at = NULL, paused_at = NULL, reason = NULL, advice = NULL
WHERE name = $1
RETURNING name;
