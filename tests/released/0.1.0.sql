-- What 0.1.0 asks of Postgres, by `python -m tools.released`.
-- Schema: 0014
-- Statement: queries/complete_facts
UPDATE facts_progress SET complete_until = GREATEST(
    complete_until, LEAST(noted_until, (SELECT min(stale_from) FROM stale_sessions))
)
RETURNING complete_until;
-- Statement: queries/count_rejects
SELECT
    r.reason,
    e.field,
    (count(*) + sum(r.repeats))::bigint AS events,
    min(r.received_at) AS first_at,
    max(r.received_at) AS last_at
FROM rejected_events AS r
LEFT JOIN LATERAL jsonb_to_recordset(r.errors) AS e (field TEXT) ON TRUE
WHERE ($1::text IS NULL OR r.reason = $1)
    AND ($2::text IS NULL OR e.field = $2)
    AND ($3::boolean OR r.replayed_at IS NULL)
GROUP BY r.reason, e.field
ORDER BY events DESC, r.reason, e.field;
-- Statement: queries/count_repeats
UPDATE rejected_events AS r
SET repeats = r.repeats + c.repeats
FROM unnest($1::uuid[], $2::bigint[]) AS c (event_id, repeats)
WHERE r.event_id = c.event_id;
-- Statement: queries/dashboard_add_annotation
INSERT INTO dashboard_annotations (day, text, created_by, created_at) VALUES ($1, $2, $3, $4);
-- Statement: queries/dashboard_add_session
WITH over AS (DELETE FROM dashboard_sessions WHERE expires_at <= $5)
INSERT INTO dashboard_sessions (cookie_hash, token_name, token_check, expires_at)
VALUES ($1, $2, $3, $4);
-- Statement: queries/dashboard_add_share_link
INSERT INTO dashboard_share_links
    (token_hash, page, query, note, created_by, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);
-- Statement: queries/dashboard_delete_annotation
DELETE FROM dashboard_annotations WHERE id = $1 RETURNING id;
-- Statement: queries/dashboard_delete_view
DELETE FROM dashboard_views WHERE id = $1 RETURNING id;
-- Statement: queries/dashboard_end_session
DELETE FROM dashboard_sessions WHERE cookie_hash = $1;
-- Statement: queries/dashboard_find_session
SELECT token_name, token_check
FROM dashboard_sessions
WHERE cookie_hash = $1 AND expires_at > $2;
-- Statement: queries/dashboard_find_share_link
SELECT page, query
FROM dashboard_share_links
WHERE token_hash = $1 AND expires_at > $2 AND revoked_at IS NULL;
-- Statement: queries/dashboard_list_annotations
SELECT id, day, text, created_by, created_at
FROM dashboard_annotations
WHERE day BETWEEN $1 AND $2
ORDER BY day, id
LIMIT $3;
-- Statement: queries/dashboard_list_share_links
SELECT id, page, query, note, created_by, created_at, expires_at, revoked_at
FROM dashboard_share_links
ORDER BY created_at DESC, id DESC
LIMIT $1;
-- Statement: queries/dashboard_list_views
SELECT id, name, page, query, created_by, created_at
FROM dashboard_views
ORDER BY lower(name), name
LIMIT $1;
-- Statement: queries/dashboard_revoke_share_link
UPDATE dashboard_share_links
SET revoked_at = COALESCE(revoked_at, $2)
WHERE id = $1
RETURNING id;
-- Statement: queries/dashboard_save_view
INSERT INTO dashboard_views (name, page, query, created_by, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name) DO UPDATE SET
    page = EXCLUDED.page,
    query = EXCLUDED.query,
    created_by = EXCLUDED.created_by,
    created_at = EXCLUDED.created_at;
-- Statement: queries/delete_facts
DELETE FROM session_facts AS f
WHERE session_id = ANY ($1::text[])
    AND NOT EXISTS (SELECT FROM conversion_events AS e WHERE e.session_id = f.session_id);
-- Statement: queries/elect_orders
WITH stored AS (
    SELECT
id, session_id, user_id, external_user_id, utm_source, utm_medium, utm_campaign,
source_type, channel, funnel_stage, converted, conversion_value, currency, is_bot,
LEAST(COALESCE(occurred_at, received_at), received_at)
AS happened_at,
(
    page_url IS NOT NULL OR referrer IS NOT NULL OR click_ids IS NOT NULL
    OR utm_source IS NOT NULL OR utm_medium IS NOT NULL OR utm_campaign IS NOT NULL
    OR utm_term IS NOT NULL OR utm_content IS NOT NULL
) AS is_touch,
CASE WHEN converted THEN COALESCE(order_id, stripe_session_id) END AS order_key
    FROM conversion_events
    WHERE COALESCE(order_id, stripe_session_id) = ANY ($1::text[])
),
human AS (
    SELECT
        *,
array_position(ARRAY[
    'visited_homepage', 'visited_pricing', 'visited_docs', 'started_signup',
    'completed_signup', 'started_checkout', 'completed_checkout', 'subscription_created'
], funnel_stage::text)::smallint AS stage_rank
    FROM stored
    WHERE NOT is_bot
),
counting AS (
    SELECT DISTINCT ON (order_key)
        order_key, id AS event_id, session_id, happened_at, conversion_value, currency
    FROM human
    WHERE order_key IS NOT NULL
    ORDER BY order_key, conversion_value IS NULL, happened_at, id
),
uncounted AS (
    DELETE FROM counted_orders
    WHERE order_key = ANY ($1::text[]) AND order_key NOT IN (SELECT order_key FROM counting)
)
UPDATE counted_orders AS o SET
    event_id = counting.event_id,
    session_id = counting.session_id,
    happened_at = counting.happened_at,
    conversion_value = counting.conversion_value,
    currency = counting.currency,
    replaced_event_id = NULL,
    replaced_session_id = NULL,
    replaced_happened_at = NULL,
    replaced_value = NULL,
    replaced_currency = NULL
FROM counting
WHERE o.order_key = counting.order_key
RETURNING o.session_id;
-- Statement: queries/erased_ids
SELECT id
FROM json_populate_recordset(NULL::conversion_events, $1::json) AS sent
CROSS JOIN erased_slots
WHERE is_erased(slots, sent.session_id, sent.visitor_id, sent.user_id);
-- Statement: queries/facts_as_of
SELECT NULLIF(complete_until, '-infinity') AS complete_until FROM facts_progress;
-- Statement: queries/facts_from_events
WITH events AS (
    SELECT * FROM conversion_events
),
stored AS (
    SELECT
id, session_id, user_id, external_user_id, utm_source, utm_medium, utm_campaign,
source_type, channel, funnel_stage, converted, conversion_value, currency, is_bot,
LEAST(COALESCE(occurred_at, received_at), received_at)
AS happened_at,
(
    page_url IS NOT NULL OR referrer IS NOT NULL OR click_ids IS NOT NULL
    OR utm_source IS NOT NULL OR utm_medium IS NOT NULL OR utm_campaign IS NOT NULL
    OR utm_term IS NOT NULL OR utm_content IS NOT NULL
) AS is_touch,
CASE WHEN converted THEN COALESCE(order_id, stripe_session_id) END AS order_key
        , visitor_id, event_type, sequence, channel_rule, device_type, browser, os, referrer,
        CASE WHEN event_type = 'page_view' THEN COALESCE(page_url, '') END AS viewed_url,
        CASE WHEN is_bot THEN user_agent END AS user_agent,
        NOT stamp_verified AS is_unsigned,
        received_at - occurred_at > INTERVAL '5 minutes' AS is_late,
        cardinality(truncated_fields) > 0 AS is_truncated,
        marks
    FROM events
),
kinds AS (
    SELECT session_id, bool_and(is_bot) AS is_bot FROM stored GROUP BY session_id
),
human AS (
    SELECT
        stored.*,
array_position(ARRAY[
    'visited_homepage', 'visited_pricing', 'visited_docs', 'started_signup',
    'completed_signup', 'started_checkout', 'completed_checkout', 'subscription_created'
], funnel_stage::text)::smallint AS stage_rank
    FROM stored
    JOIN kinds USING (session_id, is_bot)
),
order_changes AS (
    SELECT
        o.session_id, o.event_id, o.happened_at, 1 AS orders, o.conversion_value, o.currency
    FROM human
    JOIN counted_orders AS o USING (order_key)
    WHERE o.event_id = human.id
),
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
CASE
    WHEN order_values IS NOT NULL THEN order_worth(order_values)
    WHEN converted THEN stage_value
END AS conversion_value,
CASE
    WHEN order_values IS NOT NULL THEN order_currency(order_values)
    WHEN converted THEN stage_currency
END AS currency
    FROM summed
)
, viewed AS (
    SELECT
        session_id,
        cardinality(urls) AS page_views,
        ARRAY(
            SELECT COALESCE(page_of(url), '(none)')
            FROM unnest(urls[1:100]) WITH ORDINALITY AS first_urls (url, place)
            ORDER BY place
        ) AS pages,
        COALESCE(page_of(urls[cardinality(urls)]), '(none)') AS exit_page
    FROM (
        SELECT session_id, array_agg(viewed_url ORDER BY happened_at, sequence, id) AS urls
        FROM human
        WHERE viewed_url IS NOT NULL
        GROUP BY session_id
    ) AS by_session
),
seen AS (
    SELECT DISTINCT ON (session_id) session_id, visitor_id
    FROM human
    WHERE visitor_id IS NOT NULL
    ORDER BY session_id, happened_at, id
),
done AS (
    SELECT
        session_id,
        min(happened_at) AS started_at,
        max(happened_at) AS ended_at,
        count(*) AS events,
        array_agg(DISTINCT event_type::text COLLATE "C") AS event_types
    FROM human
    GROUP BY session_id
),
judged AS (
    SELECT
        session_id,
        count(*) FILTER (WHERE is_unsigned) AS unsigned_events,
        count(*) FILTER (WHERE is_late) AS late_events,
        count(*) FILTER (WHERE 'clock_corrected' = ANY (marks)) AS corrected_events,
        count(*) FILTER (WHERE 'address_redacted' = ANY (marks)) AS redacted_events,
        count(*) FILTER (WHERE is_truncated) AS truncated_events,
        count(*) FILTER (
            WHERE NOT marks <@ ARRAY['clock_corrected', 'address_redacted']
        ) AS mended_events,
        count(*) FILTER (WHERE is_bot) AS bot_events,
        count(DISTINCT sequence) AS numbered_events,
        COALESCE(max(sequence) - count(DISTINCT sequence), 0) AS missing_events
    FROM stored
    GROUP BY session_id
),
facts AS (
    SELECT
        kinds.session_id, kinds.is_bot, seen.visitor_id,
        f.user_id, f.external_user_id, f.user_id_at,
        done.started_at, done.ended_at, done.events,
        COALESCE(viewed.page_views, 0) AS page_views,
        f.converted OR COALESCE(viewed.page_views, 0) >= 2
            OR done.ended_at - done.started_at > INTERVAL '10 seconds' AS engaged,
        COALESCE(viewed.pages[1], '(none)') AS landing_page,
        COALESCE(viewed.exit_page, '(none)') AS exit_page,
        COALESCE(viewed.pages, '{}') AS pages,
        done.event_types,
        COALESCE(f.source_type, '(none)') AS source_type,
        COALESCE(f.channel, '(none)') AS channel,
        COALESCE(first_event.channel_rule, '(none)') AS channel_rule,
        COALESCE(
            lower(f.utm_source),
            CASE WHEN f.source_type <> 'direct' THEN host_of(first_event.referrer) END,
            CASE WHEN f.source_type = 'direct' THEN '(direct)' END,
            '(none)'
        ) AS source,
        COALESCE(
            lower(f.utm_medium), NULLIF(f.source_type, 'direct'), '(none)'
        ) AS medium,
        COALESCE(f.utm_campaign, '(none)') AS campaign,
        COALESCE(host_of(first_event.referrer), '(none)') AS referrer_host,
        COALESCE(first_event.device_type, '(none)') AS device_type,
        COALESCE(first_event.browser, '(none)') AS browser,
        COALESCE(first_event.os, '(none)') AS os,
        f.visited_homepage_at, f.visited_pricing_at, f.visited_docs_at, f.started_signup_at,
        f.completed_signup_at, f.started_checkout_at, f.completed_checkout_at,
        f.subscription_created_at, f.converted, f.converted_at,
        f.has_orders AS names_orders,
        CASE
            WHEN f.has_orders OR NOT f.converted THEN f.order_values
            WHEN f.conversion_value IS NULL THEN '{}'
            ELSE jsonb_build_object(f.currency, jsonb_build_array(1, f.conversion_value))
        END AS order_values,
        unsigned_events, late_events, corrected_events, redacted_events, truncated_events,
        mended_events, bot_events, numbered_events, missing_events,
        CASE WHEN kinds.is_bot THEN first_event.user_agent END AS user_agent,
        now() AS refreshed_at
    FROM kinds
    JOIN folded AS f USING (session_id)
    JOIN done USING (session_id)
    JOIN judged USING (session_id)
    LEFT JOIN viewed USING (session_id)
    LEFT JOIN seen USING (session_id)
    JOIN stored AS first_event ON first_event.id = f.first_event_id
)
SELECT
session_id, is_bot, visitor_id, user_id, external_user_id, user_id_at, started_at, ended_at,
events, page_views, engaged, landing_page, exit_page, pages, event_types, source_type, channel,
channel_rule, source, medium, campaign, referrer_host, device_type, browser, os,
visited_homepage_at, visited_pricing_at, visited_docs_at, started_signup_at,
completed_signup_at, started_checkout_at, completed_checkout_at, subscription_created_at,
converted, converted_at, names_orders, order_values, unsigned_events, late_events,
corrected_events, redacted_events, truncated_events, mended_events, bot_events,
numbered_events, missing_events, user_agent, refreshed_at
FROM facts
ORDER BY session_id;
-- Statement: queries/find_refused_events
SELECT place, sqlstate_code, table_of, column_of, constraint_of
FROM find_refused_events($1, $2::json);
-- Statement: queries/forget_facts
WITH noted AS (
    INSERT INTO stale_sessions (session_id, stale_from)
    SELECT session_id, complete_until
    FROM session_facts AS f
    CROSS JOIN facts_progress
    WHERE NOT EXISTS (SELECT FROM conversion_events AS e WHERE e.session_id = f.session_id)
)
UPDATE facts_progress SET noted_until = '-infinity';
-- Statement: queries/funnel_from_events
WITH stored AS (
    SELECT
id, session_id, user_id, external_user_id, utm_source, utm_medium, utm_campaign,
source_type, channel, funnel_stage, converted, conversion_value, currency, is_bot,
LEAST(COALESCE(occurred_at, received_at), received_at)
AS happened_at,
(
    page_url IS NOT NULL OR referrer IS NOT NULL OR click_ids IS NOT NULL
    OR utm_source IS NOT NULL OR utm_medium IS NOT NULL OR utm_campaign IS NOT NULL
    OR utm_term IS NOT NULL OR utm_content IS NOT NULL
) AS is_touch,
CASE WHEN converted THEN COALESCE(order_id, stripe_session_id) END AS order_key
    FROM conversion_events
),
human AS (
    SELECT
        *,
array_position(ARRAY[
    'visited_homepage', 'visited_pricing', 'visited_docs', 'started_signup',
    'completed_signup', 'started_checkout', 'completed_checkout', 'subscription_created'
], funnel_stage::text)::smallint AS stage_rank
    FROM stored
    WHERE NOT is_bot
),
counting AS (
    SELECT DISTINCT ON (order_key)
        order_key, id AS event_id, session_id, happened_at, conversion_value, currency
    FROM human
    WHERE order_key IS NOT NULL
    ORDER BY order_key, conversion_value IS NULL, happened_at, id
),
order_changes AS (
    SELECT session_id, event_id, happened_at, 1 AS orders, conversion_value, currency
    FROM counting
),
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
CASE
    WHEN order_values IS NOT NULL THEN order_worth(order_values)
    WHEN converted THEN stage_value
END AS conversion_value,
CASE
    WHEN order_values IS NOT NULL THEN order_currency(order_values)
    WHEN converted THEN stage_currency
END AS currency
    FROM summed
)
SELECT
session_id, user_id, external_user_id, user_id_at, utm_source, utm_medium, utm_campaign,
source_type, channel, first_event_at, first_event_id, first_is_touch, last_event_at,
conversion_value, currency, stage_value, stage_currency, value_stage, value_at,
value_converts, order_values, visited_homepage_at, visited_pricing_at,
visited_docs_at, started_signup_at, completed_signup_at, started_checkout_at,
completed_checkout_at, subscription_created_at, visited_homepage, visited_pricing,
visited_docs, started_signup, completed_signup, started_checkout, completed_checkout,
subscription_created, converted, converted_at
FROM folded
ORDER BY session_id;
-- Statement: queries/get_reject
SELECT
    id, event_id, reason, message, errors::text AS errors, endpoint, content_type, body,
    body_cut, ip_address, stamp_verified, user_agent, request_id, received_at, replayed_at,
    replay_result, repeats
FROM rejected_events
WHERE id = $1;
-- Statement: queries/insert_events
WITH stored AS (
    INSERT INTO conversion_events (
id, session_id, event_type, event_name, is_bot, source_type, channel, channel_rule, currency,
converted, stamp_verified, received_at, user_id, external_user_id, visitor_id, sequence,
funnel_stage, utm_source, utm_medium, utm_campaign, utm_term, utm_content, click_ids, referrer,
page_url, page_title, form_data, conversion_value, order_id, ga_client_id, ga_session_id,
stripe_session_id, stripe_customer_id, device_type, browser, os, user_agent, ip_address,
fb_pixel_id, fb_event_id, google_ads_click_id, linkedin_partner_id, metadata, truncated_fields,
marks, request_id, occurred_at, sent_at, gpc
    )
    SELECT
id, session_id, event_type, event_name, is_bot, source_type, channel, channel_rule, currency,
converted, stamp_verified, received_at, user_id, external_user_id, visitor_id, sequence,
funnel_stage, utm_source, utm_medium, utm_campaign, utm_term, utm_content, click_ids, referrer,
page_url, page_title, form_data, conversion_value, order_id, ga_client_id, ga_session_id,
stripe_session_id, stripe_customer_id, device_type, browser, os, user_agent, ip_address,
fb_pixel_id, fb_event_id, google_ads_click_id, linkedin_partner_id, metadata, truncated_fields,
marks, request_id, occurred_at, sent_at, gpc
    FROM json_populate_recordset(NULL::conversion_events, $1::json) AS sent
    WHERE CASE
        WHEN (SELECT EXISTS (SELECT FROM erased_slots)) THEN NOT is_erased(
            (SELECT slots FROM erased_slots), sent.session_id, sent.visitor_id, sent.user_id
        )
        ELSE TRUE
    END
    ORDER BY id
    ON CONFLICT DO NOTHING
    RETURNING
id, session_id, user_id, external_user_id, utm_source, utm_medium, utm_campaign,
source_type, channel, funnel_stage, converted, conversion_value, currency, is_bot,
LEAST(COALESCE(occurred_at, received_at), received_at)
AS happened_at,
(
    page_url IS NOT NULL OR referrer IS NOT NULL OR click_ids IS NOT NULL
    OR utm_source IS NOT NULL OR utm_medium IS NOT NULL OR utm_campaign IS NOT NULL
    OR utm_term IS NOT NULL OR utm_content IS NOT NULL
) AS is_touch,
CASE WHEN converted THEN COALESCE(order_id, stripe_session_id) END AS order_key
),
human AS (
    SELECT
        *,
array_position(ARRAY[
    'visited_homepage', 'visited_pricing', 'visited_docs', 'started_signup',
    'completed_signup', 'started_checkout', 'completed_checkout', 'subscription_created'
], funnel_stage::text)::smallint AS stage_rank
    FROM stored
    WHERE NOT is_bot
),
counting AS (
    SELECT DISTINCT ON (order_key)
        order_key, id AS event_id, session_id, happened_at, conversion_value, currency
    FROM human
    WHERE order_key IS NOT NULL
    ORDER BY order_key, conversion_value IS NULL, happened_at, id
),
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
    WHERE (EXCLUDED.conversion_value IS NULL, EXCLUDED.happened_at, EXCLUDED.event_id)
        < (o.conversion_value IS NULL, o.happened_at, o.event_id)
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
CASE
    WHEN order_values IS NOT NULL THEN order_worth(order_values)
    WHEN converted THEN stage_value
END AS conversion_value,
CASE
    WHEN order_values IS NOT NULL THEN order_currency(order_values)
    WHEN converted THEN stage_currency
END AS currency
    FROM summed
)
, merged AS (
    INSERT INTO conversion_funnel AS f (
session_id, user_id, external_user_id, user_id_at, utm_source, utm_medium, utm_campaign,
source_type, channel, first_event_at, first_event_id, first_is_touch, last_event_at,
conversion_value, currency, stage_value, stage_currency, value_stage, value_at,
value_converts, order_values, visited_homepage_at, visited_pricing_at,
visited_docs_at, started_signup_at, completed_signup_at, started_checkout_at,
completed_checkout_at, subscription_created_at, visited_homepage, visited_pricing,
visited_docs, started_signup, completed_signup, started_checkout, completed_checkout,
subscription_created, converted, converted_at
    )
    SELECT
session_id, user_id, external_user_id, user_id_at, utm_source, utm_medium, utm_campaign,
source_type, channel, first_event_at, first_event_id, first_is_touch, last_event_at,
conversion_value, currency, stage_value, stage_currency, value_stage, value_at,
value_converts, order_values, visited_homepage_at, visited_pricing_at,
visited_docs_at, started_signup_at, completed_signup_at, started_checkout_at,
completed_checkout_at, subscription_created_at, visited_homepage, visited_pricing,
visited_docs, started_signup, completed_signup, started_checkout, completed_checkout,
subscription_created, converted, converted_at
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
        (
            stage_value, stage_currency, value_converts, value_stage, value_at, order_values,
            conversion_value, currency
        ) = (
            SELECT
                stage_value, stage_currency, value_converts, value_stage, value_at, order_values,
CASE
    WHEN order_values IS NOT NULL THEN order_worth(order_values)
    WHEN converted THEN stage_value
END AS conversion_value,
CASE
    WHEN order_values IS NOT NULL THEN order_currency(order_values)
    WHEN converted THEN stage_currency
END AS currency
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
        updated_at = now()
)
SELECT id FROM stored;
-- Statement: queries/insert_rejects
INSERT INTO rejected_events (
    event_id, reason, message, errors, endpoint, content_type, body, body_cut, ip_address,
    stamp_verified, user_agent, request_id, received_at
)
SELECT *
FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::text[], $6::text[], $7::bytea[],
    $8::boolean[], $9::text[], $10::boolean[], $11::text[], $12::text[], $13::timestamptz[]
)
ON CONFLICT DO NOTHING;
-- Statement: queries/kept_orders
SELECT order_key
FROM counted_orders
CROSS JOIN retention_progress
WHERE order_key = ANY ($1::text[]) AND happened_at < events_until;
-- Statement: queries/kept_sessions
SELECT session_id
FROM conversion_funnel
CROSS JOIN retention_progress
WHERE session_id = ANY ($1::text[]) AND first_event_at < events_until;
-- Statement: queries/list_rejects
SELECT
    id, event_id, reason, message, errors::text AS errors, endpoint, content_type, body,
    body_cut, ip_address, stamp_verified, user_agent, request_id, received_at, replayed_at,
    replay_result, repeats
FROM rejected_events
WHERE ($1::text IS NULL OR reason = $1)
    AND (
        $2::text IS NULL
        OR errors @> jsonb_build_array(jsonb_build_object('field', $2::text))
    )
    AND ($3::boolean OR replayed_at IS NULL)
    AND ($4::bigint IS NULL OR id < $4)
ORDER BY id DESC
LIMIT $5;
-- Statement: queries/lock_facts
SELECT
    pg_try_advisory_xact_lock(hashtext('conversion-tracking facts')) AS locked,
    set_config('statement_timeout', $1, true) AS statement_timeout,
    set_config('work_mem', '32MB', true) AS work_mem,
    set_config('jit', 'off', true) AS jit;
-- Statement: queries/lock_orders
WITH locked AS (
    INSERT INTO counted_orders AS o (order_key, event_id, session_id, happened_at)
    SELECT order_key, '00000000-0000-0000-0000-000000000000', 'none', '-infinity'
    FROM unnest($1::text[]) AS order_key
    ORDER BY order_key
    ON CONFLICT (order_key) DO UPDATE SET event_id = o.event_id
    RETURNING event_id, session_id
)
SELECT session_id FROM locked WHERE event_id <> '00000000-0000-0000-0000-000000000000';
-- Statement: queries/lock_sessions
INSERT INTO conversion_funnel AS f (session_id, first_event_at, first_event_id, last_event_at)
SELECT session_id, '-infinity', '00000000-0000-0000-0000-000000000000', '-infinity'
FROM unnest($1::text[]) AS session_id
ORDER BY session_id
ON CONFLICT (session_id) DO UPDATE SET updated_at = f.updated_at;
-- Statement: queries/mark_reject_replayed
UPDATE rejected_events
SET replayed_at = now(), replay_result = $2
WHERE id = $1 AND replayed_at IS NULL;
-- Statement: queries/note_mended_sessions
INSERT INTO stale_sessions (session_id, stale_from)
SELECT session_id, noted_until
FROM unnest($1::text[]) AS session_id
CROSS JOIN facts_progress;
-- Statement: queries/note_new_events
WITH horizon AS (
    SELECT LEAST(now() - INTERVAL '100 milliseconds', min(xact_start)) AS at
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND (
        backend_xid IS NOT NULL OR xact_start > now() - INTERVAL '30 seconds'
        OR application_name = 'conversion-tracking'
    )
),
slice AS (
    SELECT noted_until AS begin_at, noted_xmin, LEAST(horizon.at, next.created_at) AS end_at,
        next.created_at IS NULL OR next.created_at >= horizon.at AS is_done
    FROM facts_progress
    CROSS JOIN horizon
    LEFT JOIN LATERAL (
        SELECT created_at
        FROM conversion_events
        WHERE created_at > noted_until
        ORDER BY created_at
        OFFSET $1
        LIMIT 1
    ) AS next ON TRUE
),
new_events AS MATERIALIZED (
    SELECT session_id, COALESCE(order_id, stripe_session_id) AS order_key
    FROM slice
    JOIN conversion_events AS e ON e.created_at >= begin_at - INTERVAL '10 seconds'
        AND e.created_at < GREATEST(begin_at, end_at)
        AND (e.created_at >= begin_at OR age(e.xmin) <= age(noted_xmin))
),
noted AS (
    INSERT INTO stale_sessions (session_id, stale_from)
    SELECT session_id, begin_at
    FROM slice
    CROSS JOIN (
        SELECT session_id FROM new_events
        UNION
        SELECT e.session_id
        FROM (SELECT DISTINCT order_key FROM new_events WHERE order_key IS NOT NULL) AS keys
        CROSS JOIN LATERAL (
            SELECT session_id FROM conversion_events
            WHERE COALESCE(order_id, stripe_session_id) = keys.order_key
            OFFSET 0  -- so that it is looked up by the index, whatever the planner believes
        ) AS e
    ) AS sessions
)
UPDATE facts_progress SET
    noted_until = GREATEST(noted_until, slice.end_at),
    noted_xmin = pg_snapshot_xmin(pg_current_snapshot())::xid
FROM slice
RETURNING noted_until, slice.is_done, LEAST(
    slice.begin_at, (SELECT stale_from FROM stale_sessions ORDER BY id LIMIT 1)
) < now() - INTERVAL '10 minutes' AS is_far_behind;
-- Statement: queries/ping
SELECT 1 FROM (VALUES (1)) AS one
WHERE NOT EXISTS (SELECT FROM conversion_events WHERE FALSE)
  AND NOT EXISTS (SELECT FROM conversion_funnel WHERE FALSE);
-- Statement: queries/rebuild_funnel
WITH stored AS (
    SELECT
id, session_id, user_id, external_user_id, utm_source, utm_medium, utm_campaign,
source_type, channel, funnel_stage, converted, conversion_value, currency, is_bot,
LEAST(COALESCE(occurred_at, received_at), received_at)
AS happened_at,
(
    page_url IS NOT NULL OR referrer IS NOT NULL OR click_ids IS NOT NULL
    OR utm_source IS NOT NULL OR utm_medium IS NOT NULL OR utm_campaign IS NOT NULL
    OR utm_term IS NOT NULL OR utm_content IS NOT NULL
) AS is_touch,
CASE WHEN converted THEN COALESCE(order_id, stripe_session_id) END AS order_key
    FROM conversion_events
    WHERE session_id = ANY ($1::text[])
),
human AS (
    SELECT
        *,
array_position(ARRAY[
    'visited_homepage', 'visited_pricing', 'visited_docs', 'started_signup',
    'completed_signup', 'started_checkout', 'completed_checkout', 'subscription_created'
], funnel_stage::text)::smallint AS stage_rank
    FROM stored
    WHERE NOT is_bot
),
counting AS (
    SELECT DISTINCT ON (order_key)
        order_key, id AS event_id, session_id, happened_at, conversion_value, currency
    FROM human
    WHERE order_key IS NOT NULL
    ORDER BY order_key, conversion_value IS NULL, happened_at, id
),
order_changes AS (
    SELECT
        o.session_id, o.event_id, o.happened_at, 1 AS orders, o.conversion_value, o.currency
    FROM human
    JOIN counted_orders AS o USING (order_key)
    WHERE o.event_id = human.id
),
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
CASE
    WHEN order_values IS NOT NULL THEN order_worth(order_values)
    WHEN converted THEN stage_value
END AS conversion_value,
CASE
    WHEN order_values IS NOT NULL THEN order_currency(order_values)
    WHEN converted THEN stage_currency
END AS currency
    FROM summed
)
, emptied AS (
    DELETE FROM conversion_funnel
    WHERE session_id = ANY ($1::text[]) AND session_id NOT IN (SELECT session_id FROM folded)
)
INSERT INTO conversion_funnel (
session_id, user_id, external_user_id, user_id_at, utm_source, utm_medium, utm_campaign,
source_type, channel, first_event_at, first_event_id, first_is_touch, last_event_at,
conversion_value, currency, stage_value, stage_currency, value_stage, value_at,
value_converts, order_values, visited_homepage_at, visited_pricing_at,
visited_docs_at, started_signup_at, completed_signup_at, started_checkout_at,
completed_checkout_at, subscription_created_at, visited_homepage, visited_pricing,
visited_docs, started_signup, completed_signup, started_checkout, completed_checkout,
subscription_created, converted, converted_at
)
SELECT
session_id, user_id, external_user_id, user_id_at, utm_source, utm_medium, utm_campaign,
source_type, channel, first_event_at, first_event_id, first_is_touch, last_event_at,
conversion_value, currency, stage_value, stage_currency, value_stage, value_at,
value_converts, order_values, visited_homepage_at, visited_pricing_at,
visited_docs_at, started_signup_at, completed_signup_at, started_checkout_at,
completed_checkout_at, subscription_created_at, visited_homepage, visited_pricing,
visited_docs, started_signup, completed_signup, started_checkout, completed_checkout,
subscription_created, converted, converted_at
FROM folded
ON CONFLICT (session_id) DO UPDATE SET
    (
session_id, user_id, external_user_id, user_id_at, utm_source, utm_medium, utm_campaign,
source_type, channel, first_event_at, first_event_id, first_is_touch, last_event_at,
conversion_value, currency, stage_value, stage_currency, value_stage, value_at,
value_converts, order_values, visited_homepage_at, visited_pricing_at,
visited_docs_at, started_signup_at, completed_signup_at, started_checkout_at,
completed_checkout_at, subscription_created_at, visited_homepage, visited_pricing,
visited_docs, started_signup, completed_signup, started_checkout, completed_checkout,
subscription_created, converted, converted_at
    ) = (
        SELECT
session_id, user_id, external_user_id, user_id_at, utm_source, utm_medium, utm_campaign,
source_type, channel, first_event_at, first_event_id, first_is_touch, last_event_at,
conversion_value, currency, stage_value, stage_currency, value_stage, value_at,
value_converts, order_values, visited_homepage_at, visited_pricing_at,
visited_docs_at, started_signup_at, completed_signup_at, started_checkout_at,
completed_checkout_at, subscription_created_at, visited_homepage, visited_pricing,
visited_docs, started_signup, completed_signup, started_checkout, completed_checkout,
subscription_created, converted, converted_at
        FROM (SELECT EXCLUDED.*) AS rebuilt
    ),
    updated_at = now();
-- Statement: queries/server_process
SELECT pg_backend_pid() AS pid;
-- Statement: queries/server_settings
SELECT
    current_setting('fsync') AS fsync,
    current_setting('full_page_writes') AS full_page_writes;
-- Statement: queries/set_in_transaction
SELECT
    set_config('synchronous_commit', 'on', true) AS synchronous_commit,
    set_config('statement_timeout', $1, true) AS statement_timeout;
-- Statement: queries/store_facts
WITH events AS (
    SELECT * FROM conversion_events WHERE session_id = ANY ($1::text[])
),
stored AS (
    SELECT
id, session_id, user_id, external_user_id, utm_source, utm_medium, utm_campaign,
source_type, channel, funnel_stage, converted, conversion_value, currency, is_bot,
LEAST(COALESCE(occurred_at, received_at), received_at)
AS happened_at,
(
    page_url IS NOT NULL OR referrer IS NOT NULL OR click_ids IS NOT NULL
    OR utm_source IS NOT NULL OR utm_medium IS NOT NULL OR utm_campaign IS NOT NULL
    OR utm_term IS NOT NULL OR utm_content IS NOT NULL
) AS is_touch,
CASE WHEN converted THEN COALESCE(order_id, stripe_session_id) END AS order_key
        , visitor_id, event_type, sequence, channel_rule, device_type, browser, os, referrer,
        CASE WHEN event_type = 'page_view' THEN COALESCE(page_url, '') END AS viewed_url,
        CASE WHEN is_bot THEN user_agent END AS user_agent,
        NOT stamp_verified AS is_unsigned,
        received_at - occurred_at > INTERVAL '5 minutes' AS is_late,
        cardinality(truncated_fields) > 0 AS is_truncated,
        marks
    FROM events
),
kinds AS (
    SELECT session_id, bool_and(is_bot) AS is_bot FROM stored GROUP BY session_id
),
human AS (
    SELECT
        stored.*,
array_position(ARRAY[
    'visited_homepage', 'visited_pricing', 'visited_docs', 'started_signup',
    'completed_signup', 'started_checkout', 'completed_checkout', 'subscription_created'
], funnel_stage::text)::smallint AS stage_rank
    FROM stored
    JOIN kinds USING (session_id, is_bot)
),
order_changes AS (
    SELECT
        o.session_id, o.event_id, o.happened_at, 1 AS orders, o.conversion_value, o.currency
    FROM human
    JOIN counted_orders AS o USING (order_key)
    WHERE o.event_id = human.id
),
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
CASE
    WHEN order_values IS NOT NULL THEN order_worth(order_values)
    WHEN converted THEN stage_value
END AS conversion_value,
CASE
    WHEN order_values IS NOT NULL THEN order_currency(order_values)
    WHEN converted THEN stage_currency
END AS currency
    FROM summed
)
, viewed AS (
    SELECT
        session_id,
        cardinality(urls) AS page_views,
        ARRAY(
            SELECT COALESCE(page_of(url), '(none)')
            FROM unnest(urls[1:100]) WITH ORDINALITY AS first_urls (url, place)
            ORDER BY place
        ) AS pages,
        COALESCE(page_of(urls[cardinality(urls)]), '(none)') AS exit_page
    FROM (
        SELECT session_id, array_agg(viewed_url ORDER BY happened_at, sequence, id) AS urls
        FROM human
        WHERE viewed_url IS NOT NULL
        GROUP BY session_id
    ) AS by_session
),
seen AS (
    SELECT DISTINCT ON (session_id) session_id, visitor_id
    FROM human
    WHERE visitor_id IS NOT NULL
    ORDER BY session_id, happened_at, id
),
done AS (
    SELECT
        session_id,
        min(happened_at) AS started_at,
        max(happened_at) AS ended_at,
        count(*) AS events,
        array_agg(DISTINCT event_type::text COLLATE "C") AS event_types
    FROM human
    GROUP BY session_id
),
judged AS (
    SELECT
        session_id,
        count(*) FILTER (WHERE is_unsigned) AS unsigned_events,
        count(*) FILTER (WHERE is_late) AS late_events,
        count(*) FILTER (WHERE 'clock_corrected' = ANY (marks)) AS corrected_events,
        count(*) FILTER (WHERE 'address_redacted' = ANY (marks)) AS redacted_events,
        count(*) FILTER (WHERE is_truncated) AS truncated_events,
        count(*) FILTER (
            WHERE NOT marks <@ ARRAY['clock_corrected', 'address_redacted']
        ) AS mended_events,
        count(*) FILTER (WHERE is_bot) AS bot_events,
        count(DISTINCT sequence) AS numbered_events,
        COALESCE(max(sequence) - count(DISTINCT sequence), 0) AS missing_events
    FROM stored
    GROUP BY session_id
),
facts AS (
    SELECT
        kinds.session_id, kinds.is_bot, seen.visitor_id,
        f.user_id, f.external_user_id, f.user_id_at,
        done.started_at, done.ended_at, done.events,
        COALESCE(viewed.page_views, 0) AS page_views,
        f.converted OR COALESCE(viewed.page_views, 0) >= 2
            OR done.ended_at - done.started_at > INTERVAL '10 seconds' AS engaged,
        COALESCE(viewed.pages[1], '(none)') AS landing_page,
        COALESCE(viewed.exit_page, '(none)') AS exit_page,
        COALESCE(viewed.pages, '{}') AS pages,
        done.event_types,
        COALESCE(f.source_type, '(none)') AS source_type,
        COALESCE(f.channel, '(none)') AS channel,
        COALESCE(first_event.channel_rule, '(none)') AS channel_rule,
        COALESCE(
            lower(f.utm_source),
            CASE WHEN f.source_type <> 'direct' THEN host_of(first_event.referrer) END,
            CASE WHEN f.source_type = 'direct' THEN '(direct)' END,
            '(none)'
        ) AS source,
        COALESCE(
            lower(f.utm_medium), NULLIF(f.source_type, 'direct'), '(none)'
        ) AS medium,
        COALESCE(f.utm_campaign, '(none)') AS campaign,
        COALESCE(host_of(first_event.referrer), '(none)') AS referrer_host,
        COALESCE(first_event.device_type, '(none)') AS device_type,
        COALESCE(first_event.browser, '(none)') AS browser,
        COALESCE(first_event.os, '(none)') AS os,
        f.visited_homepage_at, f.visited_pricing_at, f.visited_docs_at, f.started_signup_at,
        f.completed_signup_at, f.started_checkout_at, f.completed_checkout_at,
        f.subscription_created_at, f.converted, f.converted_at,
        f.has_orders AS names_orders,
        CASE
            WHEN f.has_orders OR NOT f.converted THEN f.order_values
            WHEN f.conversion_value IS NULL THEN '{}'
            ELSE jsonb_build_object(f.currency, jsonb_build_array(1, f.conversion_value))
        END AS order_values,
        unsigned_events, late_events, corrected_events, redacted_events, truncated_events,
        mended_events, bot_events, numbered_events, missing_events,
        CASE WHEN kinds.is_bot THEN first_event.user_agent END AS user_agent,
        now() AS refreshed_at
    FROM kinds
    JOIN folded AS f USING (session_id)
    JOIN done USING (session_id)
    JOIN judged USING (session_id)
    LEFT JOIN viewed USING (session_id)
    LEFT JOIN seen USING (session_id)
    JOIN stored AS first_event ON first_event.id = f.first_event_id
)
INSERT INTO session_facts (
session_id, is_bot, visitor_id, user_id, external_user_id, user_id_at, started_at, ended_at,
events, page_views, engaged, landing_page, exit_page, pages, event_types, source_type, channel,
channel_rule, source, medium, campaign, referrer_host, device_type, browser, os,
visited_homepage_at, visited_pricing_at, visited_docs_at, started_signup_at,
completed_signup_at, started_checkout_at, completed_checkout_at, subscription_created_at,
converted, converted_at, names_orders, order_values, unsigned_events, late_events,
corrected_events, redacted_events, truncated_events, mended_events, bot_events,
numbered_events, missing_events, user_agent, refreshed_at
)
SELECT
session_id, is_bot, visitor_id, user_id, external_user_id, user_id_at, started_at, ended_at,
events, page_views, engaged, landing_page, exit_page, pages, event_types, source_type, channel,
channel_rule, source, medium, campaign, referrer_host, device_type, browser, os,
visited_homepage_at, visited_pricing_at, visited_docs_at, started_signup_at,
completed_signup_at, started_checkout_at, completed_checkout_at, subscription_created_at,
converted, converted_at, names_orders, order_values, unsigned_events, late_events,
corrected_events, redacted_events, truncated_events, mended_events, bot_events,
numbered_events, missing_events, user_agent, refreshed_at
FROM facts
ON CONFLICT (session_id) DO UPDATE SET (
session_id, is_bot, visitor_id, user_id, external_user_id, user_id_at, started_at, ended_at,
events, page_views, engaged, landing_page, exit_page, pages, event_types, source_type, channel,
channel_rule, source, medium, campaign, referrer_host, device_type, browser, os,
visited_homepage_at, visited_pricing_at, visited_docs_at, started_signup_at,
completed_signup_at, started_checkout_at, completed_checkout_at, subscription_created_at,
converted, converted_at, names_orders, order_values, unsigned_events, late_events,
corrected_events, redacted_events, truncated_events, mended_events, bot_events,
numbered_events, missing_events, user_agent, refreshed_at
) = ROW(EXCLUDED.*);
-- Statement: queries/stored_ids
SELECT id FROM conversion_events WHERE id = ANY ($1::uuid[]);
-- Statement: queries/take_changed_events
DELETE FROM changed_events
WHERE id IN (SELECT id FROM changed_events ORDER BY id LIMIT $1)
RETURNING session_id, NULLIF(order_key, '') AS order_key;
-- Statement: queries/take_stale_sessions
WITH due AS (
    SELECT stale.id
    FROM stale_sessions AS stale
    LEFT JOIN session_facts AS facts USING (session_id)
    WHERE facts.refreshed_at IS NULL OR facts.refreshed_at <= now() - LEAST(
        (facts.events + facts.bot_events) * INTERVAL '1 millisecond', INTERVAL '5 minutes'
    )
    ORDER BY stale.id
    LIMIT $1
),
taken AS (
    DELETE FROM stale_sessions WHERE id IN (SELECT id FROM due)
    RETURNING session_id
)
SELECT taken.session_id, COALESCE(facts.started_at < events_until, FALSE) AS is_kept
FROM taken
CROSS JOIN retention_progress
LEFT JOIN session_facts AS facts USING (session_id);
-- Statement: queries/trim_rejects
WITH sized AS (
    SELECT id, created_at, sum(octet_length(body) + 500) OVER (ORDER BY id DESC) AS newer_bytes
    FROM rejected_events
)
DELETE FROM rejected_events AS r
USING sized
WHERE r.id = sized.id
    AND (sized.newer_bytes > $2::bigint OR sized.created_at < now() - make_interval(days => $1))
RETURNING 1;
-- Statement: privacy/add_erased
INSERT INTO erased_ids (kind, digest, key)
SELECT * FROM unnest($1::text[], $2::bytea[], $3::bigint[])
ON CONFLICT DO NOTHING
RETURNING digest;
-- Statement: privacy/begin
SELECT
    pg_try_advisory_xact_lock(hashtext('conversion-tracking retention')) AS locked,
    set_config('conversion_tracking.aging', 'on', true) AS aging,
    set_config('statement_timeout', $1, true) AS statement_timeout,
    set_config('jit', 'off', true) AS jit;
-- Statement: privacy/count_sessions
SELECT 'conversion_events' AS place, count(*) AS rows
FROM conversion_events
WHERE session_id = ANY ($1::text[])
UNION ALL
SELECT 'conversion_funnel', count(*)
FROM conversion_funnel
WHERE session_id = ANY ($1::text[])
UNION ALL
SELECT 'counted_orders', count(*)
FROM counted_orders
WHERE session_id = ANY ($1::text[])
UNION ALL
SELECT 'session_facts', count(*)
FROM session_facts
WHERE session_id = ANY ($1::text[]);
-- Statement: privacy/counts
SELECT 'conversion_events_addresses' AS place, count(*) AS rows, min(created_at) AS oldest
FROM conversion_events
WHERE created_at < $3 AND (ip_address IS NOT NULL OR user_agent IS NOT NULL)
UNION ALL
SELECT 'rejected_events_addresses', count(*), min(created_at)
FROM rejected_events
WHERE created_at < $3 AND (ip_address IS NOT NULL OR user_agent IS NOT NULL)
UNION ALL
SELECT 'session_facts_addresses', count(*), min(started_at)
FROM session_facts
WHERE started_at < $3 AND user_agent IS NOT NULL
UNION ALL
SELECT 'conversion_events', count(*), min(created_at)
FROM conversion_events
WHERE created_at < $1 AND (event_type <> 'refund' OR created_at < $2)
UNION ALL
SELECT 'session_facts', count(*), min(started_at)
FROM session_facts
WHERE started_at < $5
UNION ALL
SELECT 'conversion_funnel', count(*), min(created_at)
FROM conversion_funnel
WHERE created_at < $2 AND last_event_at < $2
UNION ALL
SELECT 'counted_orders', count(*), min(happened_at)
FROM counted_orders
WHERE happened_at < $2
UNION ALL
SELECT 'rejected_events', count(*), min(created_at)
FROM rejected_events
WHERE created_at < $4;
-- Statement: privacy/cutoffs
SELECT
    now() - make_interval(days => $1::integer) AS events,
    now() - make_interval(days => $2::integer) AS sessions,
    now() - make_interval(days => $3::integer) AS addresses,
    now() - make_interval(days => $4::integer) AS rejects,
    utc_midnight(utc_day(now() - make_interval(days => $2::integer))) AS sessions_midnight,
    GREATEST(complete_until, first) AS complete_until,
    GREATEST(addresses_until, first) AS addresses_until,
    GREATEST(ran_at, first) AS ran_at,
    ran_at < now() - INTERVAL '1 hour' AS is_due
FROM retention_progress
CROSS JOIN facts_progress
CROSS JOIN (VALUES ('0001-01-01 00:00+00'::timestamptz)) AS python (first);
-- Statement: privacy/delete_events
DELETE FROM conversion_events
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM conversion_events
    WHERE created_at >= $1 AND created_at < $2
        AND (event_type <> 'refund' OR created_at < $4)
    ORDER BY created_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING created_at AS stored_at;
-- Statement: privacy/delete_facts
DELETE FROM session_facts
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM session_facts
    WHERE started_at >= $1 AND started_at < $2
    ORDER BY started_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING started_at AS stored_at;
-- Statement: privacy/delete_funnel
DELETE FROM conversion_funnel
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM conversion_funnel
    WHERE created_at >= $1 AND created_at < $2 AND last_event_at < $2
    ORDER BY created_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING created_at AS stored_at;
-- Statement: privacy/delete_orders
DELETE FROM counted_orders
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM counted_orders
    WHERE happened_at >= $1 AND happened_at < $2
    ORDER BY happened_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING happened_at AS stored_at;
-- Statement: privacy/delete_rejects
DELETE FROM rejected_events
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM rejected_events
    WHERE created_at >= $1 AND created_at < $2
    ORDER BY created_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING created_at AS stored_at;
-- Statement: privacy/delete_salts
DELETE FROM visitor_salts WHERE day < utc_day(now() - INTERVAL '1 hour');
-- Statement: privacy/empty_addresses
UPDATE conversion_events SET ip_address = NULL, user_agent = NULL
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM conversion_events
    WHERE created_at >= $1 AND created_at < $2
        AND (ip_address IS NOT NULL OR user_agent IS NOT NULL)
    ORDER BY created_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING created_at AS stored_at;
-- Statement: privacy/empty_fact_agents
UPDATE session_facts SET user_agent = NULL
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM session_facts
    WHERE started_at >= $1 AND started_at < $2 AND user_agent IS NOT NULL
    ORDER BY started_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING started_at AS stored_at;
-- Statement: privacy/empty_reject_addresses
UPDATE rejected_events SET ip_address = NULL, user_agent = NULL
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM rejected_events
    WHERE created_at >= $1 AND created_at < $2
        AND (ip_address IS NOT NULL OR user_agent IS NOT NULL)
    ORDER BY created_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING created_at AS stored_at;
-- Statement: privacy/erase_events
WITH gone AS (
    DELETE FROM conversion_events WHERE session_id = ANY ($1::text[]) RETURNING received_at
)
SELECT count(*) AS rows FROM gone;
-- Statement: privacy/erase_facts
DELETE FROM session_facts WHERE session_id = ANY ($1::text[])
RETURNING utc_day(started_at) AS day;
-- Statement: privacy/erase_funnel
DELETE FROM conversion_funnel WHERE session_id = ANY ($1::text[]);
-- Statement: privacy/erase_orders
WITH gone AS (
    DELETE FROM counted_orders WHERE session_id = ANY ($1::text[])
)
UPDATE counted_orders SET
    replaced_event_id = NULL,
    replaced_session_id = NULL,
    replaced_happened_at = NULL,
    replaced_value = NULL,
    replaced_currency = NULL
WHERE replaced_session_id = ANY ($1::text[]) AND session_id <> ALL ($1::text[]);
-- Statement: privacy/erase_queues
WITH stale AS (
    DELETE FROM stale_sessions WHERE session_id = ANY ($1::text[])
)
DELETE FROM changed_events WHERE session_id = ANY ($1::text[]);
-- Statement: privacy/erase_rejects
DELETE FROM rejected_events WHERE id = ANY ($1::bigint[]);
-- Statement: privacy/erase_visitors
WITH changed AS (
    UPDATE quarter_sums SET
        visitors = ARRAY(SELECT key FROM unnest(visitors) AS key WHERE key <> ALL ($1::bigint[])),
        converting_visitors = ARRAY(
            SELECT key FROM unnest(converting_visitors) AS key WHERE key <> ALL ($1::bigint[])
        )
    WHERE visitors && $1::bigint[] AND day IN (SELECT day FROM summed_days WHERE is_final)
    RETURNING day
)
SELECT count(*) AS rows FROM changed;
-- Statement: privacy/export
SELECT 'conversion_events' AS place, row_to_json(e)::text AS row
FROM conversion_events AS e
WHERE session_id = ANY ($1::text[])
UNION ALL
SELECT 'conversion_funnel', row_to_json(f)::text
FROM conversion_funnel AS f
WHERE session_id = ANY ($1::text[])
UNION ALL
SELECT 'counted_orders', row_to_json(o)::text
FROM counted_orders AS o
WHERE session_id = ANY ($1::text[])
UNION ALL
SELECT 'session_facts', row_to_json(s)::text
FROM session_facts AS s
WHERE session_id = ANY ($1::text[]);
-- Statement: privacy/export_reject
SELECT (to_jsonb(r) - 'body')::text AS row FROM rejected_events AS r WHERE id = $1;
-- Statement: privacy/find_browsers
WITH known AS (
    SELECT visitor_id, user_id, session_id FROM conversion_events
    UNION
    SELECT visitor_id, user_id, session_id FROM session_facts
),
theirs AS (
    SELECT DISTINCT visitor_id
    FROM known
    WHERE visitor_id IS NOT NULL AND NOT starts_with(visitor_id, 'daily-')
        AND session_id IN (SELECT session_id FROM known WHERE user_id = ANY ($1::uuid[]))
)
SELECT visitor_id
FROM theirs
WHERE NOT EXISTS (
    SELECT
    FROM known AS one
    JOIN known AS named USING (session_id)
    WHERE one.visitor_id = theirs.visitor_id AND named.user_id <> ALL ($1::uuid[])
);
-- Statement: privacy/find_erased
SELECT session_id
FROM (
    SELECT session_id, visitor_id, user_id FROM conversion_events
    UNION
    SELECT session_id, visitor_id, user_id FROM session_facts
    UNION
    SELECT session_id, NULL, user_id FROM conversion_funnel
) AS known
WHERE erasure_digest('session', session_id) IN (SELECT digest FROM erased_ids)
    OR erasure_digest('visitor', visitor_id) IN (SELECT digest FROM erased_ids)
    OR erasure_digest('user', user_id::text) IN (SELECT digest FROM erased_ids)
GROUP BY session_id;
-- Statement: privacy/find_sessions
SELECT session_id FROM conversion_events
WHERE user_id = ANY ($1::uuid[]) OR visitor_id = ANY ($2::text[]) OR session_id = ANY ($3::text[])
UNION
SELECT session_id FROM session_facts
WHERE user_id = ANY ($1::uuid[]) OR visitor_id = ANY ($2::text[]) OR session_id = ANY ($3::text[])
UNION
SELECT session_id FROM conversion_funnel
WHERE user_id = ANY ($1::uuid[]) OR session_id = ANY ($3::text[]);
-- Statement: privacy/find_users
SELECT DISTINCT user_id
FROM (
    SELECT user_id, external_user_id FROM conversion_events WHERE external_user_id IS NOT NULL
    UNION
    SELECT user_id, external_user_id FROM session_facts WHERE external_user_id IS NOT NULL
) AS known
WHERE lower(external_user_id) = $1
    OR encode(sha256(convert_to(lower(btrim(external_user_id)), 'UTF8')), 'hex') = $1;
-- Statement: privacy/find_written
SELECT DISTINCT session_id
FROM conversion_events
CROSS JOIN LATERAL (VALUES (lower(concat(form_data, metadata)))) AS texts (written)
WHERE written <> '' AND (
    strpos(written, $1) > 0
    OR EXISTS (
        SELECT
        FROM regexp_matches(written, '[^\s"<>@,;:\\]+@[^\s"<>@,;:\\]+', 'g') AS found (address)
        WHERE encode(sha256(convert_to(address[1], 'UTF8')), 'hex') = $1
    )
);
-- Statement: privacy/finish_day
WITH taken AS (
    DELETE FROM changed_days WHERE day = $1
)
UPDATE summed_days SET is_final = TRUE WHERE day = $1;
-- Statement: privacy/keep_events_until
UPDATE retention_progress SET events_until = GREATEST(events_until, $1);
-- Statement: privacy/keys
SELECT visitor_key(id) AS key
FROM unnest($1::text[]) WITH ORDINALITY AS asked (id, place)
ORDER BY place;
-- Statement: privacy/list_erased
SELECT kind, digest, key FROM erased_ids ORDER BY erased_at, digest;
-- Statement: privacy/list_reject_bodies
SELECT id, body
FROM rejected_events
WHERE $1::bigint IS NULL OR id < $1
ORDER BY id DESC
LIMIT $2;
-- Statement: privacy/list_salts
SELECT day, salt FROM visitor_salts;
-- Statement: privacy/lock_erased
LOCK TABLE erased_slots IN ACCESS EXCLUSIVE MODE;
-- Statement: privacy/make_salts
INSERT INTO visitor_salts (day, salt)
SELECT
    utc_day(now()) + days,
    decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
FROM generate_series(0, 1) AS days
ON CONFLICT DO NOTHING;
-- Statement: privacy/next_day
SELECT
    first.day,
    utc_midnight(first.day + 1) AS ends_at,
    COALESCE(summed.is_final, FALSE) AS is_final,
    summed.day IS NOT NULL
        AND NOT EXISTS (SELECT FROM changed_days WHERE changed_days.day = first.day) AS is_summed
FROM (
    SELECT utc_day(min(started_at)) AS day
    FROM session_facts
    WHERE started_at >= $1 AND started_at < $2
) AS first
LEFT JOIN summed_days AS summed USING (day)
WHERE first.day IS NOT NULL;
-- Statement: privacy/note_addresses
UPDATE retention_progress SET addresses_until = GREATEST(addresses_until, $1);
-- Statement: privacy/note_erasure
INSERT INTO erasures (asked_by, counts) VALUES ($1, $2::text::jsonb) RETURNING erased_at;
-- Statement: privacy/note_run
UPDATE retention_progress SET ran_at = now();
-- Statement: privacy/oldest
SELECT COALESCE(extract(epoch FROM now() - min(created_at)), 0)::double precision AS seconds
FROM conversion_events;
-- Statement: privacy/set_lock_timeout
SELECT set_config('lock_timeout', '1s', true) AS lock_timeout;
-- Statement: privacy/summed_of
WITH summed AS (
    SELECT day FROM summed_days WHERE day = ANY ($1::date[]) AND NOT is_final
),
taken AS (
    DELETE FROM changed_days WHERE day IN (SELECT day FROM summed)
)
SELECT day FROM summed ORDER BY day;
