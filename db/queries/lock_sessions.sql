-- Lock sessions of the funnel against writers until the end of the transaction, also those that
-- are not in it yet: for these there is a row that rebuild_funnel.sql fills or takes away.
-- Parameters: $1, the session ids. Columns: none.
INSERT INTO conversion_funnel AS f (session_id, first_event_at, first_event_id, last_event_at)
SELECT session_id, '-infinity', '00000000-0000-0000-0000-000000000000', '-infinity'
FROM unnest($1::text[]) AS session_id
ORDER BY session_id
ON CONFLICT (session_id) DO UPDATE SET updated_at = f.updated_at;
