-- title: Channels
-- group: acquisition
-- answers: Which channels sessions came through, and what they brought.
-- parameters: from, to, limit
-- name: channel
-- columns: sessions, engagement_rate, pages_per_session, conversions, conversion_rate, orders,
--   revenue, average_order
WITH
-- include sessions
,
named AS NOT MATERIALIZED (
    SELECT channel AS name, sessions.* FROM sessions
),
-- include breakdown
