-- The columns of conversion_events that an event fills: the fields of Event, in their order.
id, user_id, external_user_id, session_id, visitor_id, event_type, event_name, sequence,
funnel_stage, is_bot, utm_source, utm_medium, utm_campaign, utm_term, utm_content,
source_type, channel, channel_rule, click_ids, referrer, page_url, page_title,
form_data, conversion_value, currency, order_id, converted, ga_client_id, ga_session_id,
stripe_session_id, stripe_customer_id, device_type, browser, os, user_agent, ip_address,
stamp_verified, fb_pixel_id, fb_event_id, google_ads_click_id, linkedin_partner_id,
metadata, truncated_fields, marks, request_id, occurred_at, sent_at, received_at
