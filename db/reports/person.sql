-- title: One person
-- group: people
-- answers: What one person did in the range, event by event: the last events, in their order.
--   A person is a user id, a visitor id or a session id.
-- parameters: from, to, limit, person, person_uuid
-- columns: happened_at, session_id, event_type, event_name, page, page_title, funnel_stage,
--   channel, channel_rule, campaign, referrer_host, order_key, amount, converted, is_bot,
--   stamp_verified
WITH visits AS MATERIALIZED (
    SELECT session_id
    FROM session_facts
    WHERE started_at >= $1 AND started_at < $2
        AND (user_id = $5::uuid OR visitor_id = $4 OR session_id = $4)
    ORDER BY started_at DESC
    LIMIT $3
),
latest AS (
    SELECT
        -- include event_cells
        , sequence, id
    FROM conversion_events
    -- The index of the events has the default collation, that of the facts "C".
    WHERE session_id = ANY (ARRAY(SELECT session_id COLLATE "default" FROM visits))
    ORDER BY happened_at DESC, sequence DESC, id DESC
    LIMIT $3
)
SELECT * FROM latest ORDER BY happened_at, sequence, id;
