-- title: Rules of the channels
-- group: acquisition
-- answers: By which rule the channel of sessions was decided.
-- parameters: from, to, limit
-- name: channel_rule
-- columns: channel, sessions, engagement_rate, conversions, conversion_rate
-- include named
measured AS (
    SELECT
        name,
        min(channel) AS channel,
        -- include session_measures
    FROM named
    GROUP BY name
),
placed AS (
    SELECT *, LEAST(row_number() OVER (ORDER BY sessions DESC, name), $3 + 1) AS place
    FROM measured
)
SELECT
    CASE WHEN place <= $3 THEN min(name) END AS name,
    count(*) AS names,
    CASE WHEN place <= $3 THEN min(channel) END AS channel,
    -- include added_measures
FROM placed
GROUP BY place
ORDER BY place;
