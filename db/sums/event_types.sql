-- Count the sessions of a day by the types of their events.
-- Parameters: $1, the day. Columns: none.
INSERT INTO event_type_sums (day, is_bot, name, event_sessions)
SELECT $1, is_bot, event_type, count(*)
FROM session_facts
CROSS JOIN LATERAL unnest(event_types) AS event_type
-- include in_day
GROUP BY is_bot, event_type;
