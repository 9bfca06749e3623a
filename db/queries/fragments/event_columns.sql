-- The columns of conversion_events that an event fills: the fields of Event, in their order, but for
-- user_data, which is no column: who a customer is stands in no event that is kept.
id, session_id, event_type, event_name, is_bot, source_type, channel, channel_rule, currency,
converted, stamp_verified, received_at, user_id, external_user_id, visitor_id, sequence,
funnel_stage, utm_source, utm_medium, utm_campaign, utm_term, utm_content, click_ids, referrer,
page_url, page_title, form_data, conversion_value, order_id, ga_client_id, ga_session_id,
stripe_session_id, stripe_customer_id, device_type, browser, os, user_agent, ip_address,
fb_pixel_id, fb_event_id, google_ads_click_id, linkedin_partner_id, metadata, truncated_fields,
marks, request_id, occurred_at, sent_at, gpc, consent
