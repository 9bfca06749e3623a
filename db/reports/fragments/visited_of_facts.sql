-- The visitors of places, from the facts of sessions.
-- include visited
,
