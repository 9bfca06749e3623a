-- Delete the salts of days (UTC) that are over for an hour: what was received before is on its way.
-- Parameters: none. Columns: none.
DELETE FROM visitor_salts WHERE day < utc_day(now() - INTERVAL '1 hour');
