-- What waits for each destination of the file. Parameters: none. Columns: name, pending,
-- oldest_seconds (of what is due), is_paused, reason, advice, warning, is_held.
SELECT
    d.name,
    count(w.event_id) AS pending,
    COALESCE(
        EXTRACT(EPOCH FROM now() - min(w.next_at) FILTER (WHERE w.next_at <= now())), 0
    )::double precision AS oldest_seconds,
    s.paused_at IS NOT NULL AS is_paused,
    s.reason, s.advice, s.warning,
    COALESCE(s.held_until > now(), FALSE) AS is_held
FROM destinations AS d
LEFT JOIN destination_states AS s USING (name)
LEFT JOIN deliveries AS w ON w.destination = d.name AND w.state = 'pending'
WHERE d.events <> '{}' OR w.event_id IS NOT NULL
GROUP BY d.name, s.name
ORDER BY d.name;
