-- Store a batch of events as insert_events.sql does, which has the rules and why writers never
-- deadlock, and queue those that go on to ad platforms (docs/conversions.md). For a delivery no
-- statement waits: each is of an event that it has just stored.
-- Parameters: $1, as there. Columns: session_id, id, one row for each event that is new.
WITH stored AS (
    -- include insert_sent
    ORDER BY id, session_id
    ON CONFLICT DO NOTHING
    RETURNING
        event_type, sequence, gpc, stamp_verified, consent,
        -- include funnel_facts
),
-- include decide_deliveries
queued AS (
    INSERT INTO deliveries (
        session_id, event_id, destination, name, state, reason, order_key, from_page, happened_at,
        next_at, settled_at, user_data
    )
    SELECT
        decided.session_id, decided.event_id, destination, name, state, reason, order_key,
        from_page, happened_at, next_at, settled_at, known.user_data
    FROM decided
    -- Read again from what was sent, since no column has it, where there is something to send.
    LEFT JOIN LATERAL (
        SELECT sent.user_data
        FROM json_to_recordset($1::json) AS sent (id UUID, session_id TEXT, user_data JSONB)
        WHERE sent.id = decided.event_id AND sent.session_id = decided.session_id
        LIMIT 1
    ) AS known ON state = 'pending'
    ON CONFLICT DO NOTHING
),
-- include merge_stored
SELECT session_id, id FROM stored;
