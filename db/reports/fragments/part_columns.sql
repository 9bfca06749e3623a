-- What session_measures.sql made.
sessions, engaged_sessions, bounced_sessions, page_views, conversions, timed_sessions, timed_time
