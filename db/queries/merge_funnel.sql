-- Merge what a batch of events changes in the funnel into the sessions' rows.
-- Parameters: one array a column, all of one length, one entry a session, in session
-- order: the fields of FunnelChange (collector/funnel.py), then for each stage, in order,
-- the time it was reached first, or null.
-- Columns: none.
-- The result does not depend on the order in which batches arrive: each assignment keeps
-- the least, the greatest or the union of both sides. collector/funnel.py folds a batch by
-- the same rules, and funnel_from_events.sql computes the same from the events.
INSERT INTO conversion_funnel AS f (
    session_id, user_id, external_user_id, user_id_at, utm_source, utm_medium,
    utm_campaign, source_type, channel, first_event_at, first_event_id, last_event_at,
    conversion_value, currency, value_stage, value_at, visited_homepage_at,
    visited_pricing_at, visited_docs_at, started_signup_at, completed_signup_at,
    started_checkout_at, completed_checkout_at, subscription_created_at, visited_homepage,
    visited_pricing, visited_docs, started_signup, completed_signup, started_checkout,
    completed_checkout, subscription_created, converted
)
SELECT
    session_id, user_id, external_user_id, user_id_at, utm_source, utm_medium,
    utm_campaign, source_type, channel, first_event_at, first_event_id, last_event_at,
    conversion_value, currency, value_stage, value_at, visited_homepage_at,
    visited_pricing_at, visited_docs_at, started_signup_at, completed_signup_at,
    started_checkout_at, completed_checkout_at, subscription_created_at,
    visited_homepage_at IS NOT NULL, visited_pricing_at IS NOT NULL,
    visited_docs_at IS NOT NULL, started_signup_at IS NOT NULL,
    completed_signup_at IS NOT NULL, started_checkout_at IS NOT NULL,
    completed_checkout_at IS NOT NULL, subscription_created_at IS NOT NULL,
    subscription_created_at IS NOT NULL
FROM unnest(
    $1::text[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::text[],
    $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::uuid[],
    $12::timestamptz[], $13::numeric[], $14::text[], $15::smallint[], $16::timestamptz[],
    $17::timestamptz[], $18::timestamptz[], $19::timestamptz[], $20::timestamptz[],
    $21::timestamptz[], $22::timestamptz[], $23::timestamptz[], $24::timestamptz[]
) AS change (
    session_id, user_id, external_user_id, user_id_at, utm_source, utm_medium,
    utm_campaign, source_type, channel, first_event_at, first_event_id, last_event_at,
    conversion_value, currency, value_stage, value_at, visited_homepage_at,
    visited_pricing_at, visited_docs_at, started_signup_at, completed_signup_at,
    started_checkout_at, completed_checkout_at, subscription_created_at
)
ORDER BY session_id
ON CONFLICT (session_id) DO UPDATE SET
    visited_homepage = f.visited_homepage OR EXCLUDED.visited_homepage,
    visited_pricing = f.visited_pricing OR EXCLUDED.visited_pricing,
    visited_docs = f.visited_docs OR EXCLUDED.visited_docs,
    started_signup = f.started_signup OR EXCLUDED.started_signup,
    completed_signup = f.completed_signup OR EXCLUDED.completed_signup,
    started_checkout = f.started_checkout OR EXCLUDED.started_checkout,
    completed_checkout = f.completed_checkout OR EXCLUDED.completed_checkout,
    subscription_created = f.subscription_created OR EXCLUDED.subscription_created,
    converted = f.converted OR EXCLUDED.converted,
    visited_homepage_at = LEAST(f.visited_homepage_at, EXCLUDED.visited_homepage_at),
    visited_pricing_at = LEAST(f.visited_pricing_at, EXCLUDED.visited_pricing_at),
    visited_docs_at = LEAST(f.visited_docs_at, EXCLUDED.visited_docs_at),
    started_signup_at = LEAST(f.started_signup_at, EXCLUDED.started_signup_at),
    completed_signup_at = LEAST(f.completed_signup_at, EXCLUDED.completed_signup_at),
    started_checkout_at = LEAST(f.started_checkout_at, EXCLUDED.started_checkout_at),
    completed_checkout_at = LEAST(f.completed_checkout_at, EXCLUDED.completed_checkout_at),
    subscription_created_at = LEAST(f.subscription_created_at, EXCLUDED.subscription_created_at),
    last_event_at = GREATEST(f.last_event_at, EXCLUDED.last_event_at),
    -- Attribution is that of the session's first event.
    (
        utm_source, utm_medium, utm_campaign, source_type, channel,
        first_event_at, first_event_id
    ) = (
        SELECT * FROM (VALUES
            (
                f.utm_source, f.utm_medium, f.utm_campaign, f.source_type, f.channel,
                f.first_event_at, f.first_event_id
            ),
            (
                EXCLUDED.utm_source, EXCLUDED.utm_medium, EXCLUDED.utm_campaign,
                EXCLUDED.source_type, EXCLUDED.channel,
                EXCLUDED.first_event_at, EXCLUDED.first_event_id
            )
        ) AS either (
            utm_source, utm_medium, utm_campaign, source_type, channel, at, event_id
        )
        ORDER BY at, event_id LIMIT 1
    ),
    -- The user id is that of the earliest event that had one.
    (user_id, external_user_id, user_id_at) = (
        SELECT * FROM (VALUES
            (f.user_id, f.external_user_id, f.user_id_at),
            (EXCLUDED.user_id, EXCLUDED.external_user_id, EXCLUDED.user_id_at)
        ) AS either (user_id, external_user_id, user_id_at)
        ORDER BY user_id_at NULLS LAST, user_id LIMIT 1
    ),
    -- The value is that of the latest stage that had one, and of its latest event.
    (conversion_value, currency, value_stage, value_at) = (
        SELECT * FROM (VALUES
            (f.conversion_value, f.currency, f.value_stage, f.value_at),
            (EXCLUDED.conversion_value, EXCLUDED.currency, EXCLUDED.value_stage, EXCLUDED.value_at)
        ) AS either (conversion_value, currency, value_stage, value_at)
        ORDER BY value_stage DESC NULLS LAST, value_at DESC,
            conversion_value DESC, currency DESC LIMIT 1
    ),
    updated_at = now();
