-- The events of a batch that Postgres refuses, each tried by itself and undone.
-- Parameters: $1, the text of insert_events.sql; $2, its parameter: a JSON array of events.
-- Columns: place in the array from 0, SQLSTATE, and the table, column and constraint that the
-- error names, each empty where it names none. No row where every event passes by itself.
SELECT place, sqlstate_code, table_of, column_of, constraint_of
FROM find_refused_events($1, $2::json);
