-- Store a batch of events; those whose id is stored already are left alone.
-- Parameters: one array a column, all of one length, in the order of Event's fields
-- (collector/event.py). truncated_fields comes as a JSON array a row, since Postgres has
-- no arrays of arrays of different lengths; an empty one is stored as null.
-- Columns: id, one row for each event that is new.
-- ON CONFLICT names no target: a sharded Postgres needs session_id in every unique key.
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
    linkedin_partner_id, metadata,
    (SELECT array_agg(name) FROM jsonb_array_elements_text(truncated_fields) AS name),
    request_id, occurred_at, sent_at, received_at
FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::integer[], $9::text[], $10::boolean[], $11::text[], $12::text[], $13::text[],
    $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::jsonb[],
    $20::text[], $21::text[], $22::text[], $23::jsonb[], $24::numeric[], $25::text[],
    $26::text[], $27::boolean[], $28::text[], $29::text[], $30::text[], $31::text[],
    $32::text[], $33::text[], $34::text[], $35::text[], $36::text[], $37::boolean[],
    $38::text[], $39::text[], $40::text[], $41::text[], $42::jsonb[], $43::jsonb[],
    $44::text[], $45::timestamptz[], $46::timestamptz[], $47::timestamptz[]
) AS event (
    id, user_id, external_user_id, session_id, visitor_id, event_type, event_name,
    sequence, funnel_stage, is_bot, utm_source, utm_medium, utm_campaign, utm_term,
    utm_content, source_type, channel, channel_rule, click_ids, referrer, page_url,
    page_title, form_data, conversion_value, currency, order_id, converted, ga_client_id,
    ga_session_id, stripe_session_id, stripe_customer_id, device_type, browser, os,
    user_agent, ip_address, stamp_verified, fb_pixel_id, fb_event_id, google_ads_click_id,
    linkedin_partner_id, metadata, truncated_fields, request_id, occurred_at, sent_at,
    received_at
)
ORDER BY id
ON CONFLICT DO NOTHING
RETURNING id;
