-- Make sessions stale that were mended. No new event of theirs is missing from their facts.
-- Parameters: $1, the session ids. Columns: none.
INSERT INTO stale_sessions (session_id, stale_from)
SELECT session_id, noted_until
FROM unnest($1::text[]) AS session_id
CROSS JOIN facts_progress;
