-- How old the oldest event is.
-- Parameters: none. Columns: seconds, 0 where there is none.
SELECT COALESCE(extract(epoch FROM now() - min(created_at)), 0)::double precision AS seconds
FROM conversion_events;
