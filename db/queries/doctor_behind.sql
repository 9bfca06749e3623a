-- How far the facts are behind the events, on the database's clock.
-- Parameters: none. Columns: seconds, null where they were never looked at; one row.
SELECT extract(EPOCH FROM now() - NULLIF(complete_until, '-infinity'))::float AS seconds
FROM facts_progress;
