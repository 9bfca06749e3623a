-- title: Last events
-- group: people
-- answers: Which events were stored last, the newest first, bots' as well. Neither the range nor
--   filters hold here.
-- parameters: limit
-- columns: happened_at, session_id, event_type, event_name, page, page_title, funnel_stage,
--   channel, channel_rule, campaign, referrer_host, order_key, amount, converted, is_bot,
--   stamp_verified
SELECT
    -- include event_cells
FROM conversion_events
ORDER BY created_at DESC
LIMIT $1;
