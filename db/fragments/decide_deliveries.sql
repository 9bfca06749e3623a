-- Which of the events in "stored" go to which destination, and why some do not.
-- Included after a part of WITH that is named "stored": events, with event_type, sequence, gpc,
-- stamp_verified and consent beside the columns of funnel_facts.sql. What it makes: "decided",
-- with the columns of deliveries.
decided AS (
    SELECT
        session_id, id AS event_id, destination, name, reason, order_key, from_page, happened_at,
        CASE WHEN reason IS NULL THEN 'pending' ELSE 'suppressed' END AS state,
        CASE WHEN reason IS NOT NULL THEN now() END AS settled_at,
        now() + CASE WHEN order_key IS NULL THEN interval '0' ELSE order_wait END AS next_at
    FROM (
        SELECT
            s.session_id, s.id, s.order_key, s.happened_at,
            s.sequence IS NOT NULL AS from_page,
            d.name AS destination,
            d.events ->> s.event_type AS name,
            d.order_wait,
            CASE
                WHEN s.is_bot THEN 'bot'
                WHEN s.gpc THEN 'global_privacy_control'
                WHEN NOT s.stamp_verified AND NOT d.takes_unsigned THEN 'unsigned'
                WHEN s.consent ->> d.signal = 'denied' THEN 'consent_denied'
                WHEN d.needs_consent AND s.consent ->> d.signal IS NULL THEN 'no_consent'
            END AS reason
        FROM stored AS s
        JOIN destinations AS d ON d.events ? s.event_type
    ) AS matched
),
