-- Sessions by the types of their events, and how many sessions there are, from their facts.
measured AS (
    SELECT event_type AS name, count(*) AS event_sessions
    FROM sessions
    CROSS JOIN LATERAL unnest(event_types) AS event_type
    GROUP BY event_type
),
counted AS (
    SELECT count(*) AS sessions FROM sessions
),
