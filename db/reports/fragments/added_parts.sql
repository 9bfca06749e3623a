-- The sums of what session_measures.sql made of parts, for added_measures.sql.
sum(sessions) AS sessions,
sum(engaged_sessions) AS engaged_sessions,
sum(bounced_sessions) AS bounced_sessions,
sum(page_views) AS page_views,
sum(conversions) AS conversions,
sum(timed_sessions) AS timed_sessions,
sum(timed_time) AS timed_time
