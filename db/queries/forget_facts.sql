-- Look at all events again, and at the facts of sessions that have no events any more.
-- Parameters: none. Columns: none.
WITH noted AS (
    INSERT INTO stale_sessions (session_id, stale_from)
    SELECT session_id, complete_until
    FROM session_facts AS f
    CROSS JOIN facts_progress
    WHERE NOT EXISTS (SELECT FROM conversion_events AS e WHERE e.session_id = f.session_id)
)
UPDATE facts_progress SET noted_until = '-infinity';
