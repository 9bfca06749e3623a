-- What the funnel's rules look at in an event.
id, session_id, user_id, external_user_id, utm_source, utm_medium, utm_campaign,
source_type, channel, funnel_stage, converted, conversion_value, currency, is_bot,
-- include happened_at
AS happened_at,
-- A touch knows something of where the visitor came from.
(
    page_url IS NOT NULL OR referrer IS NOT NULL OR click_ids IS NOT NULL
    OR utm_source IS NOT NULL OR utm_medium IS NOT NULL OR utm_campaign IS NOT NULL
    OR utm_term IS NOT NULL OR utm_content IS NOT NULL
) AS is_touch,
-- The order that a converting event reports.
CASE WHEN converted THEN COALESCE(order_id, stripe_session_id) END AS order_key
