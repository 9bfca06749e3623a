-- The sums of what session_measures.sql makes; none is null.
COALESCE(sum(sessions), 0)::bigint AS sessions,
COALESCE(sum(engaged_sessions), 0)::bigint AS engaged_sessions,
COALESCE(sum(bounced_sessions), 0)::bigint AS bounced_sessions,
COALESCE(sum(page_views), 0)::bigint AS page_views,
COALESCE(sum(conversions), 0)::bigint AS conversions,
COALESCE(sum(timed_sessions), 0)::bigint AS timed_sessions,
COALESCE(extract(epoch FROM sum(timed_time)), 0)::bigint AS timed_seconds
