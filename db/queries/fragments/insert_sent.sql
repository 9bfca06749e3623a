-- The events of $1 that are of nobody who was erased, into conversion_events.
    INSERT INTO conversion_events (
        -- include event_columns
    )
    SELECT
        -- include event_columns
    FROM json_populate_recordset(NULL::conversion_events, $1::json) AS sent
    -- CASE, so that no event is looked up while nobody was erased: that is asked once a batch.
    WHERE CASE
        WHEN (SELECT EXISTS (SELECT FROM erased_slots)) THEN NOT is_erased(
            (SELECT slots FROM erased_slots), sent.session_id, sent.visitor_id, sent.user_id
        )
        ELSE TRUE
    END
