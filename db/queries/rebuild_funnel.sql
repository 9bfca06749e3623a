-- Compute sessions of the funnel from the events that are stored now, and from the orders that
-- count for them.
-- Parameters: $1, the session ids, which are locked. Columns: none.
WITH stored AS (
    SELECT
        -- include funnel_facts
    FROM conversion_events
    WHERE session_id = ANY ($1::text[])
),
-- include fold_orders
-- include counted_order_changes
-- include fold_funnel
, emptied AS (
    DELETE FROM conversion_funnel
    WHERE session_id = ANY ($1::text[]) AND session_id NOT IN (SELECT session_id FROM folded)
)
INSERT INTO conversion_funnel (
    -- include funnel_columns
)
SELECT
    -- include funnel_columns
FROM folded
ON CONFLICT (session_id) DO UPDATE SET
    (
        -- include funnel_columns
    ) = (
        SELECT
            -- include funnel_columns
        FROM (SELECT EXCLUDED.*) AS rebuilt
    ),
    updated_at = EXCLUDED.updated_at;
