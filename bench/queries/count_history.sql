-- How much traffic there is.
-- Parameters: none. Columns: events, sessions.
SELECT
    (SELECT count(*) FROM conversion_events) AS events,
    (SELECT count(*) FROM session_facts) AS sessions;
