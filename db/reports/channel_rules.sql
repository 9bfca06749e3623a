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
    SELECT
        *,
        -- include place
    FROM measured
    WINDOW in_order AS (ORDER BY sessions DESC, name)
)
SELECT
    -- include name_of_place
    CASE WHEN place <= $3 THEN min(channel) END AS channel,
    -- include added_measures
FROM placed
GROUP BY place
ORDER BY place;
