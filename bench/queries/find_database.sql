-- Whether there is a database.
-- Parameters: $1 its name. Columns: found.
SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1) AS found;
