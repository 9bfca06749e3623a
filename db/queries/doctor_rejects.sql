-- Rejected events that nobody has replayed.
-- Parameters: none. Columns: events, of which some were only counted, last_at; one row.
SELECT
    (count(*) + COALESCE(sum(repeats), 0))::bigint AS events,
    max(received_at) AS last_at
FROM rejected_events
WHERE replayed_at IS NULL;
