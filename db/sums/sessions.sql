-- Sum the sessions of a day by their names.
-- Parameters: $1, the day. Columns: none.
INSERT INTO session_sums (
    day, is_bot, dimension, name, sessions, engaged_sessions, bounced_sessions, page_views,
    conversions, timed_sessions, timed_time
)
SELECT
    $1, is_bot, dimension, name,
    -- include session_measures
FROM
    -- include named_facts
GROUP BY is_bot, dimension, name
ORDER BY dimension;
