-- title: Overview
-- group: engagement
-- answers: How many sessions and visitors there were, what they did, and what they brought.
-- parameters: from, to, start
-- columns: sessions, visitors, page_views, pages_per_session, engaged_sessions, engagement_rate,
--   bounced_sessions, bounce_rate, timed_sessions, time_on_site, median_time_on_site, conversions,
--   conversion_rate, orders, revenue, average_order
WITH
-- include sessions
,
-- include bucketed_of_SOURCE
converting AS NOT MATERIALIZED (
    SELECT 1 AS place, order_values, converted_at FROM sessions WHERE converted
),
-- include valued
SELECT
    -- include added_measures
    , COALESCE(max(visitors), 0) AS visitors
    , (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)::numeric FROM lasting)
        AS median_time_on_site
    , (SELECT order_values FROM valued) AS order_values
FROM measured
LEFT JOIN visited USING (place);
