-- The columns of session_facts, in the order of the table.
session_id, is_bot, visitor_id, user_id, external_user_id, user_id_at, started_at, ended_at,
events, page_views, engaged, landing_page, exit_page, pages, event_types, source_type, channel,
channel_rule, source, medium, campaign, referrer_host, device_type, browser, os,
visited_homepage_at, visited_pricing_at, visited_docs_at, started_signup_at,
completed_signup_at, started_checkout_at, completed_checkout_at, subscription_created_at,
converted, converted_at, names_orders, order_values, unsigned_events, late_events,
corrected_events, redacted_events, truncated_events, mended_events, bot_events,
numbered_events, missing_events, user_agent, refreshed_at
