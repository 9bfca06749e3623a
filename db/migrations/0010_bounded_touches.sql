-- The touches of an order are found by the ids of its person alone, and are at most 100
-- (docs/reports.md, Attribution).

-- Conversions that name no order are looked for by their time; those that do, by the order's.
DROP INDEX idx_facts_converted_at;
CREATE INDEX idx_facts_unnamed_conversion ON session_facts (converted_at)
    WHERE converted AND NOT names_orders;

-- The other sessions through which a person came to an order, the latest 99: those that began at or
-- before it, and not before "since". The person is the user, where one was known when the order was
-- made, else the visitor; without either there are none. A user's sessions are those that named the
-- user, and those of the user's browsers that named nobody else, as was known at the order: what
-- comes later changes nothing.
-- Each part reads the latest sessions of one id and stops, so an id that thousands of sessions have
-- costs each order no more than a hundred of them; and each has an index that it cannot but take:
-- of conditions beside each other ("this user or these visitors"), Postgres takes the range of time
-- for the narrowest, and reads a month of sessions for every order.
CREATE OR REPLACE FUNCTION other_touches(
    order_session TEXT, visitor TEXT, known_user UUID, ordered_at TIMESTAMPTZ, since TIMESTAMPTZ
)
RETURNS SETOF session_facts
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    (
        SELECT s.*
        FROM session_facts AS s
        WHERE known_user IS NULL AND s.visitor_id = visitor
            AND s.started_at BETWEEN since AND ordered_at
            AND s.session_id <> order_session AND NOT s.is_bot
        ORDER BY s.started_at DESC
        LIMIT 99
    )
    UNION ALL
    SELECT of_user.*
    FROM (
        SELECT either.*
        FROM (
            (
                SELECT s.*
                FROM session_facts AS s
                WHERE s.user_id = known_user AND s.user_id_at <= ordered_at
                    AND s.started_at BETWEEN since AND ordered_at
                    AND s.session_id <> order_session AND NOT s.is_bot
                ORDER BY s.started_at DESC
                LIMIT 99
            )
            UNION ALL
            SELECT seen.*
            FROM (
                SELECT DISTINCT latest.visitor_id
                FROM (
                    SELECT l.visitor_id
                    FROM session_facts AS l
                    WHERE l.user_id = known_user AND l.user_id_at <= ordered_at
                        AND l.started_at <= ordered_at
                    ORDER BY l.started_at DESC
                    LIMIT 100
                ) AS latest
            ) AS browser
            CROSS JOIN LATERAL (
                SELECT s.*
                FROM session_facts AS s
                WHERE s.visitor_id = browser.visitor_id
                    AND s.started_at BETWEEN since AND ordered_at
                    AND s.session_id <> order_session AND NOT s.is_bot
                ORDER BY s.started_at DESC
                LIMIT 99
            ) AS seen
            WHERE seen.user_id IS NULL OR seen.user_id_at > ordered_at
        ) AS either
        ORDER BY either.started_at DESC
        LIMIT 99
    ) AS of_user
    WHERE known_user IS NOT NULL
$$;
