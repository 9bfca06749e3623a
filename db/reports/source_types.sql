-- title: Source types
-- group: acquisition
-- answers: Whether sessions were paid, organic, direct, referred or social, and what they brought.
-- parameters: from, to, limit
-- name: source_type
-- columns: sessions, engagement_rate, pages_per_session, conversions, conversion_rate, orders,
--   revenue, average_order
WITH
-- include sessions
,
named AS NOT MATERIALIZED (
    SELECT source_type AS name, sessions.* FROM sessions
),
-- include breakdown
