-- title: Latest sessions
-- group: people
-- answers: Which sessions began last in the range, what they did and what they brought.
-- parameters: from, to, limit
-- columns: started_at, session_id, person, channel, source, campaign, landing_page, exit_page,
--   events, page_views, duration, device_type, browser, os, converted, amount, is_bot
WITH
-- include sessions
SELECT
    started_at, session_id,
    COALESCE(user_id::text, visitor_id, session_id) AS person,
    channel, source, campaign, landing_page, exit_page, events, page_views,
    EXTRACT(EPOCH FROM ended_at - started_at) AS duration,
    device_type, browser, os, converted, order_values, is_bot
FROM sessions
ORDER BY started_at DESC, session_id
LIMIT $3;
