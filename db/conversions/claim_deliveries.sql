-- What is due for a destination, with its events, the one that waits longest first.
-- Parameters: $1, the destination; $2, how many at most. Columns: those that
-- collector/conversions/claims.py reads. An event that is gone leaves id null.
SELECT
    d.session_id, d.event_id, d.name, d.happened_at, d.user_data,
    d.order_key IS NOT NULL AND EXISTS (
        SELECT
        FROM deliveries AS other
        WHERE other.order_key = d.order_key AND other.destination = d.destination
            AND other.name = d.name AND other.state = 'sent'
    ) AS is_repeat,
    -- Of an order's events the one is sent that a page told its pixels of, then the earliest. The
    -- others wait for what becomes of it.
    d.order_key IS NOT NULL AND EXISTS (
        SELECT
        FROM deliveries AS other
        WHERE other.order_key = d.order_key AND other.destination = d.destination
            AND other.name = d.name AND other.state = 'pending'
            AND (NOT other.from_page, other.happened_at, other.event_id, other.session_id)
                < (NOT d.from_page, d.happened_at, d.event_id, d.session_id)
    ) AS has_better,
    e.id, e.event_type, e.currency, e.conversion_value,
    COALESCE(e.order_id, e.stripe_session_id) AS order_id,
    e.page_url, e.referrer, e.user_agent, e.ip_address,
    COALESCE(e.external_user_id, e.user_id::text) AS user_id,
    e.visitor_id, e.ga_client_id, e.ga_session_id, e.click_ids, e.consent,
    e.metadata ->> 'fbp' AS fbp, e.metadata ->> 'fbc' AS fbc
FROM deliveries AS d
LEFT JOIN conversion_events AS e ON e.session_id = d.session_id AND e.id = d.event_id
WHERE d.destination = $1 AND d.state = 'pending' AND d.next_at <= now()
ORDER BY d.next_at
LIMIT $2;
