-- title: Referrers
-- group: acquisition
-- answers: Which sites sessions were referred from, and what they brought.
-- parameters: from, to, limit
-- name: referrer
-- columns: sessions, engagement_rate, pages_per_session, conversions, conversion_rate, orders,
--   revenue, average_order
WITH
-- include sessions
,
named AS NOT MATERIALIZED (
    SELECT referrer_host AS name, sessions.* FROM sessions
    WHERE referrer_host <> '(none)'
),
-- include breakdown
