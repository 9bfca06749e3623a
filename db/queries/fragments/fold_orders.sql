-- The first half of the rules of the funnel: which event counts for each order.
-- Included after a part of WITH that is named "stored": events, with the columns of
-- funnel_facts.sql. What it makes: "human", those that move the funnel, and "counting", one of
-- them for each order, with the columns of counted_orders.
human AS (
    SELECT
        *,
        -- include stage_rank
    FROM stored
    WHERE NOT is_bot
),
counting AS (
    SELECT DISTINCT ON (order_key)
        order_key, id AS event_id, session_id, happened_at, conversion_value, currency
    FROM human
    WHERE order_key IS NOT NULL
    ORDER BY order_key, conversion_value IS NULL, happened_at, id, session_id COLLATE "C"
),
