-- What the events in "stored" change in the orders and in the funnel, merged with what is there.
-- Included after a part of WITH that is named "stored", with the columns of funnel_facts.sql.
-- include fold_orders
counted AS (
    INSERT INTO counted_orders AS o (
        order_key, event_id, session_id, happened_at, conversion_value, currency
    )
    SELECT order_key, event_id, session_id, happened_at, conversion_value, currency
    FROM counting
    ORDER BY order_key
    ON CONFLICT (order_key) DO UPDATE SET
        event_id = EXCLUDED.event_id,
        session_id = EXCLUDED.session_id,
        happened_at = EXCLUDED.happened_at,
        conversion_value = EXCLUDED.conversion_value,
        currency = EXCLUDED.currency,
        replaced_event_id = o.event_id,
        replaced_session_id = o.session_id,
        replaced_happened_at = o.happened_at,
        replaced_value = o.conversion_value,
        replaced_currency = o.currency
    WHERE (
        EXCLUDED.conversion_value IS NULL, EXCLUDED.happened_at, EXCLUDED.event_id,
        EXCLUDED.session_id COLLATE "C"
    ) < (o.conversion_value IS NULL, o.happened_at, o.event_id, o.session_id)
    RETURNING *
),
order_changes AS (
    SELECT session_id, event_id, happened_at, 1 AS orders, conversion_value, currency
    FROM counted
    UNION ALL
    SELECT
        replaced_session_id, replaced_event_id, replaced_happened_at, -1, replaced_value,
        replaced_currency
    FROM counted
    WHERE replaced_event_id IS NOT NULL
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
        converted_at = LEAST(f.converted_at, EXCLUDED.converted_at),
        last_event_at = GREATEST(f.last_event_at, EXCLUDED.last_event_at),
        -- Attribution is that of the session's first touch, else of its first event. Where both
        -- sides name one event, EXCLUDED is of a session that loses an order, and knows nothing.
        (
            utm_source, utm_medium, utm_campaign, source_type, channel,
            first_event_at, first_event_id, first_is_touch
        ) = (
            SELECT
                f.utm_source, f.utm_medium, f.utm_campaign, f.source_type, f.channel,
                f.first_event_at, f.first_event_id, f.first_is_touch
            WHERE (NOT f.first_is_touch, f.first_event_at, f.first_event_id)
                <= (NOT EXCLUDED.first_is_touch, EXCLUDED.first_event_at, EXCLUDED.first_event_id)
            UNION ALL
            SELECT
                EXCLUDED.utm_source, EXCLUDED.utm_medium, EXCLUDED.utm_campaign,
                EXCLUDED.source_type, EXCLUDED.channel,
                EXCLUDED.first_event_at, EXCLUDED.first_event_id, EXCLUDED.first_is_touch
            WHERE (NOT f.first_is_touch, f.first_event_at, f.first_event_id)
                > (NOT EXCLUDED.first_is_touch, EXCLUDED.first_event_at, EXCLUDED.first_event_id)
        ),
        -- The user id is that of the earliest event that had one.
        (user_id, external_user_id, user_id_at) = (
            SELECT f.user_id, f.external_user_id, f.user_id_at
            WHERE EXCLUDED.user_id IS NULL
                OR (f.user_id_at, f.user_id) <= (EXCLUDED.user_id_at, EXCLUDED.user_id)
            UNION ALL
            SELECT EXCLUDED.user_id, EXCLUDED.external_user_id, EXCLUDED.user_id_at
            WHERE EXCLUDED.user_id IS NOT NULL AND (
                f.user_id IS NULL
                OR (f.user_id_at, f.user_id) > (EXCLUDED.user_id_at, EXCLUDED.user_id)
            )
        ),
        -- The value is that of the orders; without any, of a converting event, then of the
        -- latest stage that had one, and of its latest event.
        (
            stage_value, stage_currency, value_converts, value_stage, value_at, order_values,
            conversion_value, currency
        ) = (
            SELECT
                stage_value, stage_currency, value_converts, value_stage, value_at, order_values,
                -- include session_value
            FROM (
                SELECT
                    f.stage_value, f.stage_currency, f.value_converts, f.value_stage, f.value_at
                WHERE EXCLUDED.stage_value IS NULL OR (
                    f.value_converts, f.value_stage, f.value_at, f.stage_value, f.stage_currency
                ) >= (
                    EXCLUDED.value_converts, EXCLUDED.value_stage, EXCLUDED.value_at,
                    EXCLUDED.stage_value, EXCLUDED.stage_currency
                )
                UNION ALL
                SELECT
                    EXCLUDED.stage_value, EXCLUDED.stage_currency, EXCLUDED.value_converts,
                    EXCLUDED.value_stage, EXCLUDED.value_at
                WHERE EXCLUDED.stage_value IS NOT NULL AND (
                    f.stage_value IS NULL OR (
                        f.value_converts, f.value_stage, f.value_at, f.stage_value,
                        f.stage_currency
                    ) < (
                        EXCLUDED.value_converts, EXCLUDED.value_stage, EXCLUDED.value_at,
                        EXCLUDED.stage_value, EXCLUDED.stage_currency
                    )
                )
            ) AS valued,
            (
                SELECT
                    f.converted OR EXCLUDED.converted AS converted,
                    CASE
                        WHEN EXCLUDED.order_values IS NULL THEN f.order_values
                        WHEN f.order_values IS NULL THEN EXCLUDED.order_values
                        ELSE add_order_values(f.order_values, EXCLUDED.order_values)
                    END AS order_values
                OFFSET 0  -- so that it is computed once
            ) AS ordered
        ),
        updated_at = EXCLUDED.updated_at  -- the statement's time, as now() is
)
