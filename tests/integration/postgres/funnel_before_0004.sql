-- The funnel as collectors wrote it before migration 0004, from the events: one row a session.
INSERT INTO conversion_funnel (
    session_id, user_id, external_user_id, user_id_at, utm_source, utm_medium, utm_campaign,
    source_type, channel, first_event_at, first_event_id, last_event_at, conversion_value,
    currency, value_stage, value_at, visited_homepage_at, visited_pricing_at,
    visited_docs_at, started_signup_at, completed_signup_at, started_checkout_at,
    completed_checkout_at, subscription_created_at, visited_homepage, visited_pricing,
    visited_docs, started_signup, completed_signup, started_checkout, completed_checkout,
    subscription_created, converted
)
WITH stored AS (SELECT * FROM conversion_events),
human AS (
    SELECT
        *,
        LEAST(COALESCE(occurred_at, received_at), received_at) AS happened_at,
        array_position(ARRAY[
            'visited_homepage', 'visited_pricing', 'visited_docs', 'started_signup',
            'completed_signup', 'started_checkout', 'completed_checkout', 'subscription_created'
        ], funnel_stage::text)::smallint AS stage_rank
    FROM stored
    WHERE NOT is_bot
),
first AS (
    SELECT DISTINCT ON (session_id)
        session_id, utm_source, utm_medium, utm_campaign, source_type, channel,
        happened_at AS first_event_at, id AS first_event_id
    FROM human
    ORDER BY session_id, happened_at, id
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
        session_id, conversion_value, currency, stage_rank AS value_stage,
        happened_at AS value_at
    FROM human
    WHERE stage_rank IS NOT NULL AND conversion_value IS NOT NULL
    ORDER BY session_id, stage_rank DESC, happened_at DESC, conversion_value DESC, currency DESC
),
reached AS (
    SELECT
        session_id,
        max(happened_at) AS last_event_at,
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
folded AS (
    SELECT
        *,
        visited_homepage_at IS NOT NULL AS visited_homepage,
        visited_pricing_at IS NOT NULL AS visited_pricing,
        visited_docs_at IS NOT NULL AS visited_docs,
        started_signup_at IS NOT NULL AS started_signup,
        completed_signup_at IS NOT NULL AS completed_signup,
        started_checkout_at IS NOT NULL AS started_checkout,
        completed_checkout_at IS NOT NULL AS completed_checkout,
        subscription_created_at IS NOT NULL AS subscription_created,
        subscription_created_at IS NOT NULL AS converted
    FROM reached
    JOIN first USING (session_id)
    LEFT JOIN identified USING (session_id)
    LEFT JOIN valued USING (session_id)
)
SELECT
    session_id, user_id, external_user_id, user_id_at, utm_source, utm_medium, utm_campaign,
    source_type, channel, first_event_at, first_event_id, last_event_at, conversion_value,
    currency, value_stage, value_at, visited_homepage_at, visited_pricing_at,
    visited_docs_at, started_signup_at, completed_signup_at, started_checkout_at,
    completed_checkout_at, subscription_created_at, visited_homepage, visited_pricing,
    visited_docs, started_signup, completed_signup, started_checkout, completed_checkout,
    subscription_created, converted
FROM folded;
