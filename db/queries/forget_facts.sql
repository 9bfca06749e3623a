-- Look at all events again, and at the sessions of all facts.
-- Parameters: none. Columns: none.
WITH noted AS (
    INSERT INTO stale_sessions (session_id)
    SELECT session_id FROM session_facts ORDER BY session_id
    ON CONFLICT DO NOTHING
)
UPDATE facts_progress SET noted_until = '-infinity';
