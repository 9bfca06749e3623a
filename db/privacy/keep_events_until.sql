-- Say that events go that were stored before, so that nothing is computed from a part of them.
-- Parameters: $1 until. Columns: none.
UPDATE retention_progress SET events_until = GREATEST(events_until, $1);
