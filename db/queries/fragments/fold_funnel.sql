-- The second half of the rules of the funnel: what events say of their sessions, one row a
-- session. Included after "human" (fold_orders.sql) and "order_changes": what becomes of the
-- orders that count for a session, with the columns session_id, event_id, happened_at, orders
-- (1: counts from now on, -1: counts no longer), conversion_value, currency.
-- What it makes is "folded", with the columns of conversion_funnel that events decide. A
-- session that only loses an order has a row as well, which says nothing else of it.
first AS (
    SELECT DISTINCT ON (session_id)
        session_id, utm_source, utm_medium, utm_campaign, source_type, channel,
        happened_at AS first_at, id AS first_id, is_touch
    FROM human
    ORDER BY session_id, is_touch DESC, happened_at, id
),
identified AS (
    SELECT DISTINCT ON (session_id)
        session_id, user_id, external_user_id, happened_at AS user_id_at
    FROM human
    WHERE user_id IS NOT NULL
    ORDER BY session_id, happened_at, user_id
),
valued AS (
    SELECT DISTINCT ON (session_id)
        session_id, conversion_value AS stage_value, currency AS stage_currency,
        converted AS value_converts, stage_rank AS value_stage, happened_at AS value_at
    FROM human
    WHERE stage_rank IS NOT NULL AND conversion_value IS NOT NULL AND order_key IS NULL
    ORDER BY
        session_id, converted DESC, stage_rank DESC, happened_at DESC,
        conversion_value DESC, currency DESC
),
changed AS (
    SELECT
        session_id,
        min(at) AS changed_at,
        (array_agg(event_id ORDER BY at, event_id))[1] AS changed_by,
        COALESCE(
            jsonb_object_agg(currency, jsonb_build_array(orders, worth))
                FILTER (WHERE orders IS NOT NULL),
            '{}'
        ) AS changes
    FROM (
        SELECT
            session_id, currency,
            min(happened_at) AS at,
            (array_agg(event_id ORDER BY happened_at, event_id))[1] AS event_id,
            sum(orders) FILTER (WHERE conversion_value IS NOT NULL) AS orders,
            sum(orders * conversion_value) AS worth
        FROM order_changes
        GROUP BY session_id, currency
    ) AS by_currency
    GROUP BY session_id
),
reached AS (
    SELECT
        session_id,
        max(happened_at) AS last_at,
        min(happened_at) FILTER (WHERE converted) AS converted_at,
        bool_or(order_key IS NOT NULL) AS has_orders,
        min(happened_at) FILTER (WHERE funnel_stage = 'visited_homepage') AS visited_homepage_at,
        min(happened_at) FILTER (WHERE funnel_stage = 'visited_pricing') AS visited_pricing_at,
        min(happened_at) FILTER (WHERE funnel_stage = 'visited_docs') AS visited_docs_at,
        min(happened_at) FILTER (WHERE funnel_stage = 'started_signup') AS started_signup_at,
        min(happened_at) FILTER (WHERE funnel_stage = 'completed_signup') AS completed_signup_at,
        min(happened_at) FILTER (WHERE funnel_stage = 'started_checkout') AS started_checkout_at,
        min(happened_at) FILTER (WHERE funnel_stage = 'completed_checkout') AS completed_checkout_at,
        min(happened_at) FILTER (WHERE funnel_stage = 'subscription_created') AS subscription_created_at
    FROM human
    GROUP BY session_id
),
summed AS (
    SELECT
        *,
        COALESCE(first_at, changed_at) AS first_event_at,
        COALESCE(first_id, changed_by) AS first_event_id,
        COALESCE(is_touch, FALSE) AS first_is_touch,
        COALESCE(last_at, changed_at) AS last_event_at,
        visited_homepage_at IS NOT NULL AS visited_homepage,
        visited_pricing_at IS NOT NULL AS visited_pricing,
        visited_docs_at IS NOT NULL AS visited_docs,
        started_signup_at IS NOT NULL AS started_signup,
        completed_signup_at IS NOT NULL AS completed_signup,
        started_checkout_at IS NOT NULL AS started_checkout,
        completed_checkout_at IS NOT NULL AS completed_checkout,
        subscription_created_at IS NOT NULL AS subscription_created,
        converted_at IS NOT NULL AS converted,
        COALESCE(changes, CASE WHEN has_orders THEN '{}'::jsonb END) AS order_values
    FROM reached
    FULL JOIN changed USING (session_id)
    LEFT JOIN first USING (session_id)
    LEFT JOIN identified USING (session_id)
    LEFT JOIN valued USING (session_id)
),
folded AS (
    SELECT
        *,
        -- include session_value
    FROM summed
)
