-- What the funnel must be, computed from the events alone: one row a session.
-- Parameters: none. Columns: those of conversion_funnel that events decide.
-- Compared with conversion_funnel, it shows whether the two agree.
WITH stored AS (
    SELECT
        -- include funnel_facts
    FROM conversion_events
),
-- include fold_orders
order_changes AS (
    SELECT session_id, event_id, happened_at, 1 AS orders, conversion_value, currency
    FROM counting
),
-- include fold_funnel
SELECT
    -- include funnel_columns
FROM folded
ORDER BY session_id;
