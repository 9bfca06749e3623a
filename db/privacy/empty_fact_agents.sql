-- Empty the User-Agents of some sessions, which are bots'.
-- Parameters: $1 from, $2 until, when they began; $3, at most how many.
-- Columns: stored_at, a row for each.
UPDATE session_facts SET user_agent = NULL
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM session_facts
    WHERE started_at >= $1 AND started_at < $2 AND user_agent IS NOT NULL
    ORDER BY started_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING started_at AS stored_at;
