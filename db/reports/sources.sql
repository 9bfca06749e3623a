-- title: Sources
-- group: acquisition
-- answers: Which sites, campaigns' sources and referrers sessions came from, and what they brought.
-- parameters: from, to, limit
-- name: source
-- columns: sessions, engagement_rate, pages_per_session, conversions, conversion_rate, orders,
--   revenue, average_order
WITH
-- include sessions
,
named AS NOT MATERIALIZED (
    SELECT source AS name, sessions.* FROM sessions
),
-- include breakdown
