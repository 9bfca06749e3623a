-- How many events are stored, in the collector's table or in the spec design's.
-- Parameters: none. Columns: count.
SELECT count(*) AS count FROM conversion_events;
