-- Both tables as they are after a migration, so that each round begins alike.
-- Parameters: none. Columns: none.
TRUNCATE conversion_events, conversion_funnel;
