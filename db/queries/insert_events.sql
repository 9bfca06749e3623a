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
-- keeps the least, the greatest or the union of both sides.
WITH stored AS (
    INSERT INTO conversion_events (
        -- include event_columns
    )
    SELECT
        -- include event_columns
    FROM json_populate_recordset(NULL::conversion_events, $1::json)
    ORDER BY id
    ON CONFLICT DO NOTHING
    RETURNING
        id, session_id, user_id, external_user_id, utm_source, utm_medium, utm_campaign,
        source_type, channel, funnel_stage, conversion_value, currency, is_bot,
        occurred_at, received_at
),
-- include fold_funnel
, merged AS (
    INSERT INTO conversion_funnel AS f (
        -- include funnel_columns
    )
    SELECT
        -- include funnel_columns
    FROM folded
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
