-- The events that were stored last, the newest first, as the demo's page shows them.
-- Parameters: $1 how many.
-- Columns: those of conversion_events that fit into a line.
SELECT
    id, created_at, session_id, event_type, event_name, funnel_stage, is_bot, page_url,
    source_type, channel, channel_rule, utm_campaign, device_type, browser, os,
    conversion_value, currency
FROM conversion_events
ORDER BY created_at DESC, id DESC
LIMIT $1;
