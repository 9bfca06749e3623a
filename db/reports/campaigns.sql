-- title: Campaigns
-- group: acquisition
-- answers: Which campaigns brought sessions, conversions and revenue.
-- parameters: from, to, limit
-- name: campaign
-- columns: sessions, engagement_rate, pages_per_session, conversions, conversion_rate, orders,
--   revenue, average_order
WITH
-- include sessions
,
named AS NOT MATERIALIZED (
    SELECT campaign AS name, sessions.* FROM sessions
    WHERE campaign <> '(none)'
),
-- include breakdown
