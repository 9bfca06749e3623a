-- title: Devices
-- group: acquisition
-- answers: On what kind of device sessions were, and what they brought.
-- parameters: from, to, limit
-- name: device_type
-- columns: sessions, engagement_rate, pages_per_session, conversions, conversion_rate, orders,
--   revenue, average_order
WITH
-- include sessions
,
named AS NOT MATERIALIZED (
    SELECT device_type AS name, sessions.* FROM sessions
),
-- include breakdown
