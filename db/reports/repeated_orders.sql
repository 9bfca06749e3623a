-- title: Repeated orders
-- group: trust
-- answers: Which orders of the range were reported more than once, as by a browser and a server.
--   Each counts once all the same. Filters choose by the session for which the order counts.
-- parameters: from, to, limit
-- name: order
-- columns: reports, reporting_sessions, revenue, ordered_at
WITH repeated AS (
    SELECT
        o.order_key AS name, o.happened_at AS ordered_at, o.currency, o.conversion_value,
        of_order.reports, of_order.reporting_sessions
    FROM counted_orders AS o
    LEFT JOIN session_facts AS facts USING (session_id)
    CROSS JOIN LATERAL (
        SELECT count(*) AS reports, count(DISTINCT e.session_id) AS reporting_sessions
        FROM conversion_events AS e
        WHERE COALESCE(e.order_id, e.stripe_session_id) = o.order_key
            AND e.converted AND NOT e.is_bot
    ) AS of_order
    WHERE o.happened_at >= $1 AND o.happened_at < $2 AND of_order.reports > 1
        -- filters without bots
),
placed AS (
    SELECT
        *,
        -- include place
    FROM repeated
    WINDOW in_order AS (ORDER BY reports DESC, ordered_at DESC, name COLLATE "C")
),
converting AS NOT MATERIALIZED (
    SELECT
        place, ordered_at AS converted_at,
        jsonb_build_object(currency, jsonb_build_array(1, conversion_value)) AS order_values
    FROM placed
    WHERE conversion_value IS NOT NULL
),
-- include valued
SELECT
    -- include name_of_place
    sum(reports)::bigint AS reports,
    sum(reporting_sessions)::bigint AS reporting_sessions,
    max(ordered_at) AS ordered_at,
    order_values
FROM placed
LEFT JOIN valued USING (place)
GROUP BY place, order_values
ORDER BY place;
