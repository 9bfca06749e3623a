-- Marks, amounts of any currency, orders that count once, and whose visit it was.
-- A million events of 200,000 sessions, 20,000 of them purchases, took 22 s on a busy machine with
-- two cores; the tables are locked meanwhile.

-- The planner knows nothing of the rows that are written here, and would join them in loops.
SET LOCAL enable_nestloop = off;

-- What was read differently from what was sent, by the names of collector/event.py (Mark).
ALTER TABLE conversion_events ADD COLUMN marks TEXT[];

-- Amounts in the minor unit of their currency, which may have none to four decimals. No row is
-- written anew, since each value stays as it is; Postgres reads the table once for the new limit,
-- which keeps out NaN and Infinity too.
ALTER TABLE conversion_events
    DROP CONSTRAINT conversion_events_conversion_value_check,
    ALTER COLUMN conversion_value TYPE NUMERIC;
ALTER TABLE conversion_events
    ADD CONSTRAINT conversion_events_conversion_value_check
    CHECK (conversion_value BETWEEN 0 AND 1000000000000000);

-- A purchase is a conversion. These are the rules of collector/classify/data/funnel_stages.toml;
-- a deployment with rules of its own that name other events says so in its file.
UPDATE conversion_events SET converted = TRUE
WHERE funnel_stage = 'completed_checkout'
    AND event_type IN ('purchase', 'completed_checkout') AND NOT converted;

-- Of each order, the event that counts: the first that has a value, by time.
CREATE TABLE counted_orders (
    order_key VARCHAR(255) PRIMARY KEY CHECK (order_key <> ''),  -- order_id, else stripe_session_id
    event_id UUID NOT NULL,
    session_id VARCHAR(255) NOT NULL CHECK (session_id <> ''),
    happened_at TIMESTAMPTZ NOT NULL,
    conversion_value NUMERIC CHECK (conversion_value BETWEEN 0 AND 1000000000000000),
    currency VARCHAR(3) CHECK (currency ~ '^[A-Z]{3}$'),
    -- The event that counted until an earlier one arrived
    replaced_event_id UUID,
    replaced_session_id VARCHAR(255),
    replaced_happened_at TIMESTAMPTZ,
    replaced_value NUMERIC,
    replaced_currency VARCHAR(3)
);

CREATE INDEX idx_order_key ON conversion_events ((COALESCE(order_id, stripe_session_id)))
    WHERE COALESCE(order_id, stripe_session_id) IS NOT NULL;

INSERT INTO counted_orders (
    order_key, event_id, session_id, happened_at, conversion_value, currency
)
SELECT DISTINCT ON (COALESCE(order_id, stripe_session_id))
    COALESCE(order_id, stripe_session_id), id, session_id,
    LEAST(COALESCE(occurred_at, received_at), received_at), conversion_value, currency
FROM conversion_events
WHERE converted AND NOT is_bot AND COALESCE(order_id, stripe_session_id) IS NOT NULL
ORDER BY
    COALESCE(order_id, stripe_session_id), conversion_value IS NULL,
    LEAST(COALESCE(occurred_at, received_at), received_at), id;

-- The orders of both, {"EUR": [how many, their sum]}; what adds up to none is left out.
-- Functions, since a part of a statement costs each batch something that only few sessions need.
CREATE FUNCTION add_order_values(one JSONB, other JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE AS $$
    SELECT COALESCE(jsonb_object_agg(key, jsonb_build_array(orders, worth)), '{}')
    FROM (
        SELECT key, sum((value ->> 0)::integer) AS orders, sum((value ->> 1)::numeric) AS worth
        FROM (SELECT * FROM jsonb_each(one) UNION ALL SELECT * FROM jsonb_each(other)) AS both_sides
        GROUP BY key
        HAVING sum((value ->> 0)::integer) <> 0
    ) AS by_currency
$$;

-- The currency of most orders, of two with as many the first by name: amounts of two currencies
-- cannot be added. Fewer than none could only be of rows that were deleted.
CREATE FUNCTION order_currency(order_values JSONB) RETURNS TEXT
LANGUAGE sql IMMUTABLE AS $$
    SELECT key FROM jsonb_each(order_values)
    WHERE (value ->> 0)::integer > 0
    ORDER BY (value ->> 0)::integer DESC, key COLLATE "C"
    LIMIT 1
$$;

-- The sum of the orders in that currency.
CREATE FUNCTION order_worth(order_values JSONB) RETURNS NUMERIC
LANGUAGE sql IMMUTABLE AS $$
    SELECT GREATEST((value ->> 1)::numeric, 0) FROM jsonb_each(order_values)
    WHERE key = order_currency(order_values)
$$;

ALTER TABLE conversion_funnel
    DROP CONSTRAINT conversion_funnel_conversion_value_check,
    ALTER COLUMN conversion_value TYPE NUMERIC,
    -- Whether the first event is a touch: one that knows something of where the visit came from
    ADD COLUMN first_is_touch BOOLEAN NOT NULL DEFAULT TRUE,
    ADD COLUMN converted_at TIMESTAMPTZ,
    -- The value that decides where no event names an order: that of a converting event, else of
    -- the latest stage
    ADD COLUMN stage_value NUMERIC CHECK (stage_value BETWEEN 0 AND 1000000000000000),
    ADD COLUMN stage_currency VARCHAR(3) CHECK (stage_currency ~ '^[A-Z]{3}$'),
    ADD COLUMN value_converts BOOLEAN,
    -- The orders that count here, {"EUR": [how many, their sum]}; null: no event names one
    ADD COLUMN order_values JSONB CHECK (jsonb_typeof(order_values) = 'object');

-- What is not converted is worth nothing yet.
UPDATE conversion_funnel SET
    stage_value = conversion_value,
    stage_currency = currency,
    value_converts = CASE WHEN conversion_value IS NOT NULL THEN value_stage = 8 END,
    converted_at = subscription_created_at,
    conversion_value = CASE WHEN converted THEN conversion_value END,
    currency = CASE WHEN converted THEN currency END
WHERE conversion_value IS NOT NULL OR converted;

-- The sessions that convert, by their events.
WITH human AS (
    SELECT
        id, session_id, converted, conversion_value, currency,
        LEAST(COALESCE(occurred_at, received_at), received_at) AS happened_at,
        CASE WHEN converted THEN COALESCE(order_id, stripe_session_id) END AS order_key,
        array_position(ARRAY[
            'visited_homepage', 'visited_pricing', 'visited_docs', 'started_signup',
            'completed_signup', 'started_checkout', 'completed_checkout', 'subscription_created'
        ], funnel_stage::text)::smallint AS stage_rank
    FROM conversion_events
    WHERE NOT is_bot AND session_id IN (
        SELECT session_id FROM conversion_events WHERE converted AND NOT is_bot
    )
),
converting AS (
    SELECT
        session_id,
        min(happened_at) FILTER (WHERE converted) AS converted_at,
        bool_or(order_key IS NOT NULL) AS has_orders
    FROM human
    GROUP BY session_id
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
by_currency AS (
    SELECT session_id, currency, count(*) AS orders, sum(conversion_value) AS worth
    FROM counted_orders
    WHERE conversion_value IS NOT NULL
    GROUP BY session_id, currency
),
ordered AS (
    SELECT session_id, jsonb_object_agg(currency, jsonb_build_array(orders, worth)) AS order_values
    FROM by_currency
    GROUP BY session_id
)
UPDATE conversion_funnel AS f SET
    converted = TRUE,
    converted_at = c.converted_at,
    stage_value = c.stage_value,
    stage_currency = c.stage_currency,
    value_converts = c.value_converts,
    value_stage = c.value_stage,
    value_at = c.value_at,
    order_values = CASE WHEN has_orders THEN COALESCE(c.order_values, '{}') END,
    conversion_value = CASE WHEN has_orders THEN order_worth(c.order_values) ELSE c.stage_value END,
    currency = CASE WHEN has_orders THEN order_currency(c.order_values) ELSE c.stage_currency END
FROM (
    SELECT *
    FROM converting
    LEFT JOIN valued USING (session_id)
    LEFT JOIN ordered USING (session_id)
) AS c
WHERE f.session_id = c.session_id;

-- The sessions whose first event is no touch, by their events.
WITH touching AS (
    SELECT
        id, session_id, utm_source, utm_medium, utm_campaign, source_type, channel,
        LEAST(COALESCE(occurred_at, received_at), received_at) AS happened_at,
        (
            page_url IS NOT NULL OR referrer IS NOT NULL OR click_ids IS NOT NULL
            OR utm_source IS NOT NULL OR utm_medium IS NOT NULL OR utm_campaign IS NOT NULL
            OR utm_term IS NOT NULL OR utm_content IS NOT NULL
        ) AS is_touch
    FROM conversion_events
    WHERE NOT is_bot
),
first AS (
    SELECT DISTINCT ON (session_id) *
    FROM touching
    WHERE session_id IN (
        SELECT f.session_id
        FROM conversion_funnel AS f
        JOIN touching AS e ON e.id = f.first_event_id
        WHERE NOT e.is_touch
    )
    ORDER BY session_id, is_touch DESC, happened_at, id
)
UPDATE conversion_funnel AS f SET
    utm_source = first.utm_source,
    utm_medium = first.utm_medium,
    utm_campaign = first.utm_campaign,
    source_type = first.source_type,
    channel = first.channel,
    first_event_at = first.happened_at,
    first_event_id = first.id,
    first_is_touch = first.is_touch
FROM first
WHERE f.session_id = first.session_id;

ALTER TABLE conversion_funnel
    ADD CONSTRAINT conversion_funnel_conversion_value_check CHECK (conversion_value >= 0);

-- Revenue: one row an order, and one for each session that converted without naming an order.
-- By currency its values add up to those of conversion_funnel, but for sessions with orders in
-- several currencies, of which conversion_funnel has one. Column by column: docs/data.md.
CREATE VIEW conversion_orders AS
SELECT
    o.order_key, o.event_id, o.session_id, o.happened_at AS ordered_at,
    o.conversion_value, o.currency, others.refunded,
    o.conversion_value - others.refunded AS net_value, others.repeat_ids,
    f.user_id, f.external_user_id, f.source_type, f.channel, f.utm_source, f.utm_medium,
    f.utm_campaign
FROM counted_orders AS o
LEFT JOIN conversion_funnel AS f USING (session_id)
CROSS JOIN LATERAL (
    SELECT
        COALESCE(sum(e.conversion_value) FILTER (
            WHERE e.event_type = 'refund' AND e.currency = o.currency
        ), 0) AS refunded,
        COALESCE(array_agg(e.id ORDER BY e.id) FILTER (
            WHERE e.converted AND NOT e.is_bot AND e.id <> o.event_id
        ), '{}') AS repeat_ids
    FROM conversion_events AS e
    WHERE COALESCE(e.order_id, e.stripe_session_id) = o.order_key
) AS others
UNION ALL
SELECT
    NULL, NULL, session_id, converted_at, conversion_value, currency, 0, conversion_value, '{}',
    user_id, external_user_id, source_type, channel, utm_source, utm_medium, utm_campaign
FROM conversion_funnel
WHERE converted AND order_values IS NULL;
