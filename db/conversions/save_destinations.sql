-- Make the destinations those of the file: what is not among them is queued for no more, and what
-- waits for it stays.
-- Parameters: $1, a JSON array of objects with the columns of destinations.
WITH told AS (
    SELECT * FROM json_populate_recordset(NULL::destinations, $1::json)
),
removed AS (
    UPDATE destinations SET events = '{}', updated_at = now()
    WHERE name NOT IN (SELECT name FROM told) AND events <> '{}'
)
INSERT INTO destinations AS d (
    name, platform, events, signal, needs_consent, takes_unsigned, order_wait, updated_at
)
SELECT name, platform, events, signal, needs_consent, takes_unsigned, order_wait, now()
FROM told
ORDER BY name
ON CONFLICT (name) DO UPDATE SET
    platform = EXCLUDED.platform,
    events = EXCLUDED.events,
    signal = EXCLUDED.signal,
    needs_consent = EXCLUDED.needs_consent,
    takes_unsigned = EXCLUDED.takes_unsigned,
    order_wait = EXCLUDED.order_wait,
    updated_at = EXCLUDED.updated_at
WHERE (d.platform, d.events, d.signal, d.needs_consent, d.takes_unsigned, d.order_wait)
    IS DISTINCT FROM (
        EXCLUDED.platform, EXCLUDED.events, EXCLUDED.signal, EXCLUDED.needs_consent,
        EXCLUDED.takes_unsigned, EXCLUDED.order_wait
    );
