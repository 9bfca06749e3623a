-- Orders with what is known of their sessions, the touches before them, rates of currencies, and
-- views for other programs (docs/reports.md).

-- The refunds of an order are looked for by its key.
CREATE INDEX idx_refund_order ON conversion_events ((COALESCE(order_id, stripe_session_id)))
    WHERE event_type = 'refund';

-- What one unit of a currency was worth in another. An operator fills it: reports turn amounts
-- into CT_REPORTS_CURRENCY by the latest rate at or before their day (UTC).
CREATE TABLE currency_rates (
    day DATE NOT NULL CHECK (isfinite(day)),
    currency VARCHAR(3) COLLATE "C" NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    into_currency VARCHAR(3) COLLATE "C" NOT NULL CHECK (into_currency ~ '^[A-Z]{3}$'),
    rate NUMERIC NOT NULL CHECK (rate BETWEEN 0.000000001 AND 1000000000),  -- keeps NaN out too
    PRIMARY KEY (currency, into_currency, day),
    CHECK (currency <> into_currency)
);

-- In which currency an amount is reported, by which rate, and to how many decimals: its own, by 1,
-- where none is asked for (null) or no rate is known. minor_units: the decimals of currencies that
-- have other than two.
CREATE FUNCTION exchange(
    own_currency TEXT, happened_at TIMESTAMPTZ, into_currency TEXT, minor_units JSONB
)
RETURNS TABLE (currency TEXT, rate NUMERIC, decimals INTEGER)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT
        reported.currency, reported.rate,
        COALESCE((minor_units ->> reported.currency)::integer, 2)
    FROM (
        SELECT
            CASE WHEN known.rate IS NULL THEN own_currency ELSE exchange.into_currency END
                AS currency,
            COALESCE(known.rate, 1) AS rate
        FROM (VALUES (TRUE)) AS one_row
        LEFT JOIN LATERAL (
            SELECT r.rate
            FROM currency_rates AS r
            WHERE r.currency = own_currency AND r.into_currency = exchange.into_currency
                AND r.day <= (happened_at AT TIME ZONE 'UTC')::date
            ORDER BY r.day DESC
            LIMIT 1
        ) AS known ON TRUE
    ) AS reported
$$;

-- What converts: one row an order that counts, and one for each session that converted and names
-- no order, with the facts of its session. Bots are in it. The base of ct_orders and the reports.
CREATE VIEW order_facts AS
SELECT
    o.order_key::text AS conversion_id,     -- the order's, else the session's
    o.order_key::text AS order_key,
    o.event_id,
    o.happened_at AS ordered_at,
    o.conversion_value,
    o.currency::text AS currency,
    (
        SELECT COALESCE(sum(e.conversion_value), 0)
        FROM conversion_events AS e
        WHERE e.event_type = 'refund' AND e.currency = o.currency
            AND COALESCE(e.order_id, e.stripe_session_id) = o.order_key
    ) AS refunded,
    f.session_id::text AS session_id, f.is_bot, f.visitor_id::text AS visitor_id,
    -- The user, as was known when the order was made
    CASE WHEN f.user_id_at <= o.happened_at THEN f.user_id END AS user_id,
    f.source_type, f.channel, f.channel_rule, f.source, f.medium, f.campaign, f.referrer_host,
    f.landing_page, f.exit_page, f.pages, f.device_type, f.browser, f.os, f.event_types,
    f.started_at
FROM counted_orders AS o
JOIN session_facts AS f ON f.session_id = o.session_id
UNION ALL
SELECT
    f.session_id::text, NULL::text, NULL::uuid, f.converted_at,
    (worth.value ->> 1)::numeric, worth.key, 0::numeric,
    f.session_id::text, f.is_bot, f.visitor_id::text,
    CASE WHEN f.user_id_at <= f.converted_at THEN f.user_id END,
    f.source_type, f.channel, f.channel_rule, f.source, f.medium, f.campaign, f.referrer_host,
    f.landing_page, f.exit_page, f.pages, f.device_type, f.browser, f.os, f.event_types,
    f.started_at
FROM session_facts AS f
LEFT JOIN LATERAL jsonb_each(f.order_values) AS worth ON TRUE
WHERE f.converted AND NOT f.names_orders;

-- The other sessions through which a person came to an order: those that began at or before it, and
-- not before "since". The person is the user, where one was known when the order was made, else
-- the visitor; without either there are none. A user's sessions are those that named the user, and
-- those of the user's browsers that named nobody else, as was known at the order: what comes later
-- changes nothing.
CREATE FUNCTION other_touches(
    order_session TEXT, visitor TEXT, known_user UUID, ordered_at TIMESTAMPTZ, since TIMESTAMPTZ
)
RETURNS SETOF session_facts
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.*
    FROM session_facts AS s
    WHERE known_user IS NULL
        AND s.visitor_id = visitor
        AND s.started_at BETWEEN since AND ordered_at
        AND s.session_id <> order_session AND NOT s.is_bot
    UNION ALL
    SELECT s.*
    FROM session_facts AS s
    WHERE known_user IS NOT NULL
        AND s.started_at BETWEEN since AND ordered_at
        AND s.session_id <> order_session AND NOT s.is_bot
        AND (
            (s.user_id = known_user AND s.user_id_at <= ordered_at)
            OR (
                s.visitor_id = ANY (
                    visitor || ARRAY(
                        SELECT l.visitor_id::text
                        FROM session_facts AS l
                        WHERE l.user_id = known_user AND l.user_id_at <= ordered_at
                            AND l.visitor_id IS NOT NULL
                    )
                )
                AND (s.user_id IS NULL OR s.user_id_at > ordered_at)
            )
        )
$$;

-- For Metabase, Superset, Grafana and the like. What bots did is not in these views.
CREATE VIEW ct_sessions AS
SELECT
    session_id, visitor_id, user_id, external_user_id,
    started_at, ended_at, extract(epoch FROM ended_at - started_at) AS duration_seconds,
    channel, source_type, source, medium, campaign, referrer_host AS referrer, landing_page,
    exit_page, device_type, browser, os,
    events, page_views, engaged, converted, converted_at,
    visited_homepage_at, visited_pricing_at, visited_docs_at, started_signup_at,
    completed_signup_at, started_checkout_at, completed_checkout_at, subscription_created_at
FROM session_facts
WHERE NOT is_bot;

CREATE VIEW ct_orders AS
SELECT
    order_key AS order_id, session_id, ordered_at, conversion_value AS value, currency, refunded,
    conversion_value - refunded AS net_value, visitor_id, user_id,
    channel, source_type, source, medium, campaign, referrer_host AS referrer, landing_page,
    device_type, browser, os
FROM order_facts
WHERE NOT is_bot;

-- The touches of each order in the 30 days before it.
CREATE VIEW ct_touches AS
SELECT
    o.order_key AS order_id, o.session_id AS order_session_id, o.ordered_at,
    o.conversion_value AS value, o.currency,
    touch.session_id, touch.started_at AS touched_at,
    row_number() OVER (PARTITION BY o.conversion_id ORDER BY touch.started_at, touch.session_id)
        AS touch_number,
    count(*) OVER (PARTITION BY o.conversion_id) AS touches,
    touch.channel, touch.source_type, touch.source, touch.medium, touch.campaign,
    touch.referrer_host AS referrer, touch.landing_page
FROM order_facts AS o
CROSS JOIN LATERAL (
    SELECT s.* FROM session_facts AS s WHERE s.session_id = o.session_id
    UNION ALL
    SELECT s.*
    FROM other_touches(
        o.session_id, o.visitor_id, o.user_id, o.ordered_at, o.ordered_at - INTERVAL '720 hours'
    ) AS s
) AS touch
WHERE NOT o.is_bot;
