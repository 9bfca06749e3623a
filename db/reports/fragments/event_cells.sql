-- What is shown of one event.
-- include happened_at
AS happened_at,
session_id, event_type, event_name,
COALESCE(page_of(page_url), '(none)') AS page,
page_title, funnel_stage, channel, channel_rule, utm_campaign AS campaign,
host_of(referrer) AS referrer_host,
COALESCE(order_id, stripe_session_id) AS order_key,
CASE
    WHEN conversion_value IS NOT NULL AND currency IS NOT NULL
    THEN jsonb_build_object(currency, jsonb_build_array(1, conversion_value))
END AS order_values,
converted, is_bot, stamp_verified
