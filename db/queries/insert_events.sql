-- Store a batch of events, and merge what the new ones change in the orders and in the funnel:
-- one statement, so one round trip, and a transaction by itself.
-- Parameters: $1, a JSON array with an object for each event: the fields of Event by name
-- (collector/event.py). No id comes twice for one session.
-- Columns: session_id, id, one row for each event that is new; the others were stored before, or
-- are of somebody who was erased (docs/privacy.md#erasing-a-person), and change nothing.
-- An event is stored before where its session has its id.
--
-- Why writers never deadlock: a statement waits for another's event (the same key), for another's
-- order (the same row of counted_orders) or for another's session (the same row of the funnel),
-- for nothing else. Each takes its events in the order of their ids, of two with one id in that of
-- their sessions: the sort below the insert. It takes its first order after its last event, and
-- its first session after its last order: what is sorted below an insert (DISTINCT ON, GROUP BY,
-- ORDER BY) cannot give a row before it has read all of "stored", and all of "counted". It takes
-- its orders in the order of their keys, and in one go all its sessions in their order, with those
-- that lose an order to it. So every statement takes what it takes in one order that all share,
-- each waits only for what comes later in that order than all that it holds, and no circle of
-- waits can close. Before it begins it may wait for a tombstone (db/privacy/lock_erased.sql),
-- which holds nothing that it needs. What mends orders and sessions after events were changed
-- takes them in the same order (collector/facts/mend.py).
--
-- The rows of orders and funnel do not depend on the order in which batches arrive. Each
-- assignment keeps the least, the greatest or the union of both sides, but for order_values:
-- that is a sum of changes. An order's row is locked until its change is committed, so its
-- changes follow each other, and what they add up to is the event that counts in the end.
WITH stored AS (
    INSERT INTO conversion_events (
        -- include event_columns
    )
    SELECT
        -- include event_columns
    FROM json_populate_recordset(NULL::conversion_events, $1::json) AS sent
    -- CASE, so that no event is looked up while nobody was erased: that is asked once a batch.
    WHERE CASE
        WHEN (SELECT EXISTS (SELECT FROM erased_slots)) THEN NOT is_erased(
            (SELECT slots FROM erased_slots), sent.session_id, sent.visitor_id, sent.user_id
        )
        ELSE TRUE
    END
    ORDER BY id, session_id
    ON CONFLICT DO NOTHING
    RETURNING
        -- include funnel_facts
),
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
SELECT session_id, id FROM stored;
