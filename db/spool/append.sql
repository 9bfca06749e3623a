-- Add an event to the end of the queue.
-- Parameters: ?1 time of receipt in microseconds since 1970, ?2 the event's bytes.
-- Columns: none.
INSERT INTO waiting (received_us, event) VALUES (?1, ?2);
