-- Take stale sessions off the queue.
-- Parameters: $1, at most how many entries.
-- Columns: session_id, which may come several times; is_kept: its facts stay as they are, since
-- it began before what retention has left of the events (docs/privacy.md#retention).
--
-- A session is computed from all its events, so one that has very many waits its turn: it is
-- computed a second after the last time for each thousand events, and after five minutes anyway.
WITH due AS (
    SELECT stale.id
    FROM stale_sessions AS stale
    LEFT JOIN session_facts AS facts USING (session_id)
    WHERE facts.refreshed_at IS NULL OR facts.refreshed_at <= now() - LEAST(
        (facts.events + facts.bot_events) * INTERVAL '1 millisecond', INTERVAL '5 minutes'
    )
    ORDER BY stale.id
    LIMIT $1
),
taken AS (
    DELETE FROM stale_sessions WHERE id IN (SELECT id FROM due)
    RETURNING session_id
)
SELECT taken.session_id, COALESCE(facts.started_at < events_until, FALSE) AS is_kept
FROM taken
CROSS JOIN retention_progress
LEFT JOIN session_facts AS facts USING (session_id);
