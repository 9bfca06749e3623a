-- title: Trend
-- group: time
-- answers: How sessions, conversions and revenue went by hour, day, week or month.
-- parameters: from, to, edges
-- columns: starts_at, is_complete, sessions, visitors, engaged_sessions, engagement_rate,
--   page_views, pages_per_session, conversions, conversion_rate, orders, revenue, average_order
WITH
-- include sessions
,
bucketed AS NOT MATERIALIZED (
    SELECT width_bucket(started_at, $3::timestamptz[]) AS bucket, sessions.* FROM sessions
),
measured AS (
    SELECT
        bucket,
        -- include session_measures
    FROM bucketed
    GROUP BY bucket
),
seen AS (
    SELECT bucket, count(*) AS visitors
    FROM (
        SELECT bucket, visitor_id FROM bucketed
        WHERE visitor_id IS NOT NULL
        GROUP BY bucket, visitor_id
    ) AS once
    GROUP BY bucket
),
valued AS (
    SELECT bucket, jsonb_object_agg(currency, jsonb_build_array(orders, worth)) AS order_values
    FROM (
        SELECT bucket, key AS currency,
            sum((value ->> 0)::bigint) AS orders, sum((value ->> 1)::numeric) AS worth
        FROM bucketed
        CROSS JOIN LATERAL jsonb_each(order_values)
        WHERE converted
        GROUP BY bucket, key
    ) AS by_currency
    GROUP BY bucket
)
SELECT
    edge AS starts_at,
    COALESCE(sessions, 0) AS sessions,
    COALESCE(visitors, 0) AS visitors,
    COALESCE(engaged_sessions, 0) AS engaged_sessions,
    COALESCE(bounced_sessions, 0) AS bounced_sessions,
    COALESCE(page_views, 0) AS page_views,
    COALESCE(conversions, 0) AS conversions,
    order_values
FROM unnest($3::timestamptz[]) WITH ORDINALITY AS edges (edge, bucket)
LEFT JOIN measured USING (bucket)
LEFT JOIN seen USING (bucket)
LEFT JOIN valued USING (bucket)
ORDER BY bucket;
