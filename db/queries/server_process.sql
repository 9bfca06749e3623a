-- Which process of Postgres answers.
-- Parameters: none. Columns: pid, one row.
SELECT pg_backend_pid() AS pid;
