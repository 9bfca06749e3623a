-- The events that wait in the file of an older collector, in the order in which they came.
-- Parameters: none. Columns: position, received_us (microseconds since 1970), event.
SELECT position, received_us, event FROM waiting ORDER BY position;
