-- The events that were set aside in the file of an older collector.
-- Parameters: none. Columns: position, received_us (microseconds since 1970), event.
SELECT position, received_us, event FROM refused ORDER BY position;
