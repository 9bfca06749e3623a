-- title: Journeys
-- group: revenue
-- answers: Through which channels, in which order, people came to what they bought: the commonest
--   ways, a channel that follows itself written once.
-- parameters: from, to, limit, look_back
-- name: journey
-- by: channel
-- columns: journey_conversions, orders, revenue, median_days, median_touches
WITH
-- include orders
conversions AS MATERIALIZED (
    SELECT
        -- include conversion_columns
    FROM orders
),
-- include touches
turns AS (
    SELECT *, name IS DISTINCT FROM lag(name) OVER (PARTITION BY number ORDER BY place) AS is_turn
    FROM touches
),
journeys AS (
    SELECT
        number,
        array_agg(name ORDER BY place) FILTER (WHERE is_turn) AS journey,
        count(*) AS touches,
        extract(epoch FROM min(ordered_at) - min(touched_at)) / 86400 AS days
    FROM turns
    GROUP BY number
),
common AS (
    SELECT
        journey,
        -- include place
    FROM journeys
    GROUP BY journey
    WINDOW in_order AS (ORDER BY count(*) DESC, journey)
),
travelled AS (
    SELECT place, journey, touches, days, amount_currency, amount, 0 AS refunded_amount
    FROM journeys
    JOIN common USING (journey)
    JOIN conversions USING (number)
),
sold AS NOT MATERIALIZED (
    SELECT place, amount, amount_currency, refunded_amount FROM travelled
),
-- include sold_values
SELECT
    CASE WHEN place <= $3 THEN array_to_string(min(journey), ' > ') END AS name,
    count(DISTINCT journey) AS names,
    count(*) AS journey_conversions,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY days) AS median_days,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY touches) AS median_touches,
    order_values
FROM travelled
LEFT JOIN sold_values USING (place)
GROUP BY place, order_values
ORDER BY place;
