-- Sessions by name, those of most sessions first. Included after a part of WITH that is named
-- "named": sessions with a name each. $3: how many names; what is left is the last row, whose
-- name is null, so that the columns add up.
measured AS (
    SELECT
        name,
        -- include session_measures
    FROM named
    GROUP BY name
),
placed AS (
    SELECT name, LEAST(row_number() OVER (ORDER BY sessions DESC, name), $3 + 1) AS place
    FROM measured
),
valued AS (
    SELECT place, jsonb_object_agg(currency, jsonb_build_array(orders, worth)) AS order_values
    FROM (
        SELECT place, key AS currency,
            sum((value ->> 0)::bigint) AS orders, sum((value ->> 1)::numeric) AS worth
        FROM named
        JOIN placed USING (name)
        CROSS JOIN LATERAL jsonb_each(order_values)
        WHERE converted
        GROUP BY place, key
    ) AS by_currency
    GROUP BY place
)
SELECT
    CASE WHEN place <= $3 THEN min(name) END AS name,
    count(*) AS names,
    sum(sessions)::bigint AS sessions,
    sum(engaged_sessions)::bigint AS engaged_sessions,
    sum(bounced_sessions)::bigint AS bounced_sessions,
    sum(page_views)::bigint AS page_views,
    sum(conversions)::bigint AS conversions,
    order_values
FROM measured
JOIN placed USING (name)
LEFT JOIN valued USING (place)
GROUP BY place, order_values
ORDER BY place;
