-- Say that events that were stored before have no address any more.
-- Parameters: $1 until. Columns: none.
UPDATE retention_progress SET addresses_until = GREATEST(addresses_until, $1);
