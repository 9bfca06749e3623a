-- Say that the facts hold every event that is stored.
-- Parameters: none. Columns: none.
UPDATE facts_progress SET
    noted_until = last.at,
    noted_xmin = pg_snapshot_xmin(pg_current_snapshot())::xid,
    complete_until = last.at
FROM (SELECT max(created_at) AS at FROM conversion_events) AS last;
