-- Store a batch of events, and merge what the new ones change in the funnel: one statement,
-- so one round trip, and a transaction by itself.
-- Parameters: $1, a JSON array with an object for each event: the fields of Event by name
-- (collector/event.py). No id comes twice.
-- Columns: id, one row for each event that is new; the others were stored before, and
-- change nothing.
-- ON CONFLICT of events names no target: a sharded Postgres needs session_id in every
-- unique key.
--
-- Why writers never deadlock: a statement waits for another's event (the same id) or for
-- another's session (the same row of the funnel), for nothing else. Each takes its events
-- in the order of their ids: the sort below the insert. It takes its first session after
-- its last event: the fold (DISTINCT ON, GROUP BY) cannot give a row before it has read all
-- of "stored". And it takes its sessions in their order. So every statement takes what it
-- takes in one order that all share, each waits only for what comes later in that order
-- than all that it holds, and no circle of waits can close.
--
-- The funnel's row does not depend on the order in which batches arrive: each assignment
-- keeps the least, the greatest or the union of both sides. The fold is that of
-- funnel_from_events.sql, over the batch.
WITH stored AS (
    INSERT INTO conversion_events (
        id, user_id, external_user_id, session_id, visitor_id, event_type, event_name,
        sequence, funnel_stage, is_bot, utm_source, utm_medium, utm_campaign, utm_term,
        utm_content, source_type, channel, channel_rule, click_ids, referrer, page_url,
        page_title, form_data, conversion_value, currency, order_id, converted, ga_client_id,
        ga_session_id, stripe_session_id, stripe_customer_id, device_type, browser, os,
        user_agent, ip_address, stamp_verified, fb_pixel_id, fb_event_id, google_ads_click_id,
        linkedin_partner_id, metadata, truncated_fields, request_id, occurred_at, sent_at,
        received_at
    )
    SELECT
        id, user_id, external_user_id, session_id, visitor_id, event_type, event_name,
        sequence, funnel_stage, is_bot, utm_source, utm_medium, utm_campaign, utm_term,
        utm_content, source_type, channel, channel_rule, click_ids, referrer, page_url,
        page_title, form_data, conversion_value, currency, order_id, converted, ga_client_id,
        ga_session_id, stripe_session_id, stripe_customer_id, device_type, browser, os,
        user_agent, ip_address, stamp_verified, fb_pixel_id, fb_event_id, google_ads_click_id,
        linkedin_partner_id, metadata, NULLIF(truncated_fields, '{}'), request_id,
        occurred_at, sent_at, received_at
    FROM json_to_recordset($1::json) AS event (
        id uuid, user_id uuid, external_user_id text, session_id text, visitor_id text,
        event_type text, event_name text, sequence integer, funnel_stage text, is_bot boolean,
        utm_source text, utm_medium text, utm_campaign text, utm_term text, utm_content text,
        source_type text, channel text, channel_rule text, click_ids jsonb, referrer text,
        page_url text, page_title text, form_data jsonb, conversion_value numeric,
        currency text, order_id text, converted boolean, ga_client_id text,
        ga_session_id text, stripe_session_id text, stripe_customer_id text, device_type text,
        browser text, os text, user_agent text, ip_address text, stamp_verified boolean,
        fb_pixel_id text, fb_event_id text, google_ads_click_id text,
        linkedin_partner_id text, metadata jsonb, truncated_fields text[], request_id text,
        occurred_at timestamptz, sent_at timestamptz, received_at timestamptz
    )
    ORDER BY id
    ON CONFLICT DO NOTHING
    RETURNING
        id, session_id, user_id, external_user_id, utm_source, utm_medium, utm_campaign,
        source_type, channel, funnel_stage, conversion_value, currency, is_bot,
        occurred_at, received_at
),
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
merged AS (
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
    FROM reached
    JOIN first USING (session_id)
    LEFT JOIN identified USING (session_id)
    LEFT JOIN valued USING (session_id)
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
        updated_at = now()
)
SELECT id FROM stored;
