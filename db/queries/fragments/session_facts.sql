-- What the events of sessions say of them: one row a session, with the columns of session_facts.
-- Included after a part of WITH that is named "events": all events of some sessions.
-- What it makes is "facts". The rules of the funnel are those of fold_funnel.sql, of the events
-- that count: people's, and all of a session that has no other than bots'.
stored AS (
    SELECT
        -- include funnel_facts
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
        -- include stage_rank
    FROM stored
    JOIN kinds USING (session_id, is_bot)
),
-- include counted_order_changes
-- include fold_funnel
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
    JOIN stored AS first_event
        ON first_event.session_id = f.session_id AND first_event.id = f.first_event_id
)
