-- title: Landing pages
-- group: acquisition
-- answers: On which page sessions began, and what they brought.
-- parameters: from, to, limit
-- name: landing_page
-- columns: sessions, engagement_rate, pages_per_session, conversions, conversion_rate, orders,
--   revenue, average_order
WITH
-- include sessions
,
named AS NOT MATERIALIZED (
    SELECT landing_page AS name, sessions.* FROM sessions
),
-- include breakdown
