-- The events that wait longest, in the order in which they came.
-- Parameters: ?1 how many at most. Columns: position, event.
SELECT position, event FROM waiting ORDER BY position LIMIT ?1;
