-- Pages, by what their views were: columns name, page_views, viewing_sessions, entries, exits.
-- A session's first 100 page views are in it, and its last.
WITH
-- include sessions
,
-- include viewed_of_SOURCE
