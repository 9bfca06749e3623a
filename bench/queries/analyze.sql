-- What autovacuum would have done by the time a table is so large.
-- Parameters: none. Columns: none.
ANALYZE conversion_events, conversion_funnel;
