-- Which standbys commits wait for, and whether these follow.
-- Parameters: none.
-- Columns: waited_for as synchronous_standby_names has it, how many standbys follow, how many of
-- these commits wait for, and of how many this role is not told; one row.
SELECT
    current_setting('synchronous_standby_names') AS waited_for,
    count(*)::int AS following,
    (count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')))::int AS synchronous,
    (count(*) FILTER (WHERE sync_state IS NULL))::int AS untold
FROM pg_stat_replication;
