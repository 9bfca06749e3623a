-- What can be added up of sessions.
count(*) AS sessions,
count(*) FILTER (WHERE engaged) AS engaged_sessions,
count(*) FILTER (WHERE NOT engaged) AS bounced_sessions,
sum(page_views)::bigint AS page_views,
count(*) FILTER (WHERE converted) AS conversions,
count(*) FILTER (WHERE events > 1) AS timed_sessions,
sum(ended_at - started_at) AS timed_time
