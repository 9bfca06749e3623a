-- title: Trend
-- group: time
-- answers: How sessions, what they did and what they brought went by hour, day, week or month.
-- parameters: from, to, edges
-- columns: starts_at, is_complete, sessions, visitors, page_views, pages_per_session,
--   engaged_sessions, engagement_rate, bounced_sessions, bounce_rate, timed_sessions, time_on_site,
--   conversions, conversion_rate, orders, revenue, average_order
WITH
-- include sessions
,
-- include bucketed_of_SOURCE
converting AS NOT MATERIALIZED (
    SELECT width_bucket(started_at, $3::timestamptz[]) AS place, order_values, converted_at
    FROM sessions
    WHERE converted
),
-- include valued
SELECT
    edge AS starts_at,
    -- include added_measures
    , COALESCE(visitors, 0) AS visitors, order_values
FROM unnest($3::timestamptz[]) WITH ORDINALITY AS edges (edge, place)
LEFT JOIN measured USING (place)
LEFT JOIN visited USING (place)
LEFT JOIN valued USING (place)
GROUP BY place, edge, visitors, order_values
ORDER BY place;
