-- What session_facts must be, computed from the events alone: one row a session.
-- Parameters: none. Columns: those of session_facts. Compared with session_facts, it shows
-- whether the two agree.
WITH events AS (
    SELECT * FROM conversion_events
),
-- include session_facts
SELECT
    -- include fact_columns
FROM facts
ORDER BY session_id;
