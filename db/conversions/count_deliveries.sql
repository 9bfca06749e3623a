-- How many deliveries there are of each destination, state and reason, and since when the oldest.
-- Parameters: none. Columns: destination, state, reason, count, oldest.
SELECT destination, state, reason, count(*), min(queued_at) AS oldest
FROM deliveries
GROUP BY destination, state, reason
ORDER BY destination, state, reason;
