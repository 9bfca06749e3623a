-- Compute the facts of some sessions from their events, and store them in place of the old ones.
-- Parameters: $1, the session ids. Columns: none. A session without events is not touched:
-- delete_facts.sql takes its old row away before.
WITH events AS (
    SELECT * FROM conversion_events WHERE session_id = ANY ($1::text[])
),
-- include session_facts
INSERT INTO session_facts (
    -- include fact_columns
)
SELECT
    -- include fact_columns
FROM facts
ON CONFLICT (session_id) DO UPDATE SET (
    -- include fact_columns
) = ROW(EXCLUDED.*);
