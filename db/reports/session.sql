-- title: One session
-- group: people
-- answers: What one session did, event by event: its first events, in their order.
-- parameters: session, limit
-- columns: happened_at, event_type, event_name, page, page_title, funnel_stage, channel,
--   channel_rule, campaign, referrer_host, order_key, amount, converted, is_bot, stamp_verified
SELECT
    -- include event_cells
FROM conversion_events
WHERE session_id = $1
ORDER BY happened_at, sequence, id
LIMIT $2;
