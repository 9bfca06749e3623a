-- Where conversions go on to, and what became of the last of them (docs/conversions.md).
-- Parameters: $1, how long ago the last of them are at most. Columns: name, platform, events, signal,
-- needs_consent, takes_unsigned, as `deliver` made them known; pending, oldest_seconds of what is
-- due; is_paused, reason, advice, warning; is_held: a process sends to it; without_consent, how many
-- of the last were not sent since their pages said nothing of consent; has_others: some said something;
-- has_events: one of its types came; events_come: one of any type did. Without those that are queued
-- for no more and that nothing waits for.
SELECT
    d.name, d.platform, d.events, d.signal, d.needs_consent, d.takes_unsigned,
    waiting.pending, waiting.oldest_seconds,
    s.paused_at IS NOT NULL AS is_paused,
    s.reason, s.advice, s.warning,
    COALESCE(s.held_until > now(), FALSE) AS is_held,
    latest.without_consent, latest.has_others,
    EXISTS (
        SELECT
        FROM conversion_events
        WHERE created_at > now() - $1::interval
            AND event_type = ANY (ARRAY(SELECT jsonb_object_keys(d.events)))
    ) AS has_events,
    EXISTS (
        SELECT
        FROM conversion_events
        WHERE created_at > now() - $1::interval AND NOT is_bot
    ) AS events_come
FROM destinations AS d
LEFT JOIN destination_states AS s USING (name)
CROSS JOIN LATERAL (
    SELECT
        count(*) AS pending,
        COALESCE(
            EXTRACT(EPOCH FROM now() - min(next_at) FILTER (WHERE next_at <= now())), 0
        )::double precision AS oldest_seconds
    FROM deliveries
    WHERE destination = d.name AND state = 'pending'
) AS waiting
CROSS JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE reason = 'no_consent') AS without_consent,
        -- A bot's event, or one past the gateway, says nothing of what pages send.
        COALESCE(bool_or(state <> 'suppressed' OR reason = 'consent_denied'), FALSE) AS has_others
    FROM deliveries
    WHERE destination = d.name AND queued_at > now() - $1::interval
) AS latest
WHERE d.events <> '{}' OR waiting.pending > 0
ORDER BY d.name;
