-- One row of facts a session, which the reports read in place of its events (docs/reports.md).
-- The collector computes them beside the events (db/queries/store_facts.sql): storing an event
-- pays nothing for it. What becomes of an event later, by UPDATE or DELETE, is noted by a trigger.

-- The host of an address of the web, in lower case and without "www."; null for any other.
-- Here and below no pattern with groups: Postgres takes ten times as long for one.
CREATE FUNCTION host_of(address TEXT) RETURNS TEXT
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    host TEXT;
BEGIN
    IF NOT starts_with(lower(left(address, 8)), 'https://')
        AND NOT starts_with(lower(left(address, 7)), 'http://') THEN
        RETURN NULL;
    END IF;
    host := split_part(substr(address, strpos(address, '//') + 2), '/', 1);
    host := split_part(split_part(host, '#', 1), '?', 1);
    -- What stands before the last @ is a user's name, what stands behind a colon the port.
    host := lower(split_part(split_part(host, '@', -1), ':', 1));
    IF starts_with(host, 'www.') THEN
        host := substr(host, 5);
    END IF;
    RETURN NULLIF(host, '');
END
$$;

-- The page of an address of the web: its host and its path without a closing slash; a route
-- behind "#/" or "#!/" belongs to it, the query does not. Null for any other address.
CREATE FUNCTION page_of(address TEXT) RETURNS TEXT
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    host CONSTANT TEXT := host_of(address);
    hash CONSTANT INTEGER := strpos(address, '#');
    path TEXT;
    route TEXT := '';
BEGIN
    IF host IS NULL THEN
        RETURN NULL;
    END IF;
    path := split_part(split_part(address, '#', 1), '?', 1);
    path := substr(path, strpos(path, '//') + 2);
    path := rtrim(substr(path, length(split_part(path, '/', 1)) + 1), '/');
    IF hash > 0 THEN
        route := rtrim(COALESCE(substring(substr(address, hash) FROM '^#!?/[^?&]*'), ''), '/');
    END IF;
    RETURN host || COALESCE(NULLIF(path, ''), '/') || route;
END
$$;

-- Texts are compared by their bytes: no report sorts or groups by a language's rules, and those
-- take several times as long.
CREATE TABLE session_facts (
    session_id VARCHAR(255) COLLATE "C" PRIMARY KEY CHECK (session_id <> ''),
    -- All its events are bots'; in any other session the events of bots count for nothing.
    is_bot BOOLEAN NOT NULL,

    -- Who
    visitor_id VARCHAR(255) COLLATE "C",    -- of its earliest event that had one
    user_id UUID,                           -- of its earliest event that had one
    external_user_id VARCHAR(255) COLLATE "C",
    user_id_at TIMESTAMPTZ,

    -- When, by the times at which its events happened
    started_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ NOT NULL,

    -- What was done
    events INTEGER NOT NULL CHECK (events > 0),
    page_views INTEGER NOT NULL CHECK (page_views >= 0),
    -- As Google Analytics 4 has it: longer than 10 seconds, two page views, or a conversion
    engaged BOOLEAN NOT NULL,
    landing_page TEXT COLLATE "C" NOT NULL, -- of the first page view; '(none)' without any
    exit_page TEXT COLLATE "C" NOT NULL,    -- of the last
    pages TEXT[] COLLATE "C" NOT NULL,      -- of its first 100 page views, in their order
    event_types TEXT[] COLLATE "C" NOT NULL,

    -- Where from: its first touch, as in conversion_funnel; '(none)' where it is not known
    source_type TEXT COLLATE "C" NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    channel_rule TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,       -- utm_source, else the referrer's host, else '(direct)'
    medium TEXT COLLATE "C" NOT NULL,       -- utm_medium, else the source type
    campaign TEXT COLLATE "C" NOT NULL,     -- utm_campaign
    referrer_host TEXT COLLATE "C" NOT NULL,
    device_type TEXT COLLATE "C" NOT NULL,
    browser TEXT COLLATE "C" NOT NULL,
    os TEXT COLLATE "C" NOT NULL,

    -- The funnel: when each stage was reached first
    visited_homepage_at TIMESTAMPTZ,
    visited_pricing_at TIMESTAMPTZ,
    visited_docs_at TIMESTAMPTZ,
    started_signup_at TIMESTAMPTZ,
    completed_signup_at TIMESTAMPTZ,
    started_checkout_at TIMESTAMPTZ,
    completed_checkout_at TIMESTAMPTZ,
    subscription_created_at TIMESTAMPTZ,

    -- What it brought. order_values: the orders that count here and have a value,
    -- {"EUR": [how many, their sum]}; a conversion that names no order is one by itself.
    converted BOOLEAN NOT NULL,
    converted_at TIMESTAMPTZ,
    names_orders BOOLEAN NOT NULL,
    order_values JSONB CHECK (jsonb_typeof(order_values) = 'object'),

    -- How good the data is: events of the session, bots' or not, that ...
    unsigned_events INTEGER NOT NULL,       -- carried no valid stamp of the gateway
    late_events INTEGER NOT NULL,           -- arrived more than five minutes after they happened
    corrected_events INTEGER NOT NULL,      -- had a wrong clock that was corrected
    redacted_events INTEGER NOT NULL,       -- had something cut out of an address
    truncated_events INTEGER NOT NULL,      -- had a text cut at the length of its column
    mended_events INTEGER NOT NULL,         -- have another mark (docs/data.md, "Marks")
    bot_events INTEGER NOT NULL,
    -- By the tracker's count: the events that have a number, and those that are missing between
    numbered_events INTEGER NOT NULL,
    missing_events INTEGER NOT NULL,
    user_agent VARCHAR(1024) COLLATE "C",   -- a bot's; null for people

    refreshed_at TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 80);  -- room to write a row anew beside itself

CREATE INDEX idx_facts_started_at ON session_facts (started_at);
CREATE INDEX idx_facts_converted_at ON session_facts (converted_at) WHERE converted;
CREATE INDEX idx_facts_converting ON session_facts (started_at) WHERE converted;
CREATE INDEX idx_facts_visitor ON session_facts (visitor_id, started_at)
    WHERE visitor_id IS NOT NULL;
CREATE INDEX idx_facts_user ON session_facts (user_id, started_at) WHERE user_id IS NOT NULL;
CREATE INDEX idx_order_happened_at ON counted_orders (happened_at);

-- Sessions whose facts are to be computed anew. A queue: nothing in it is unique, so that nobody
-- who adds to it ever waits for another.
CREATE TABLE stale_sessions (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id VARCHAR(255) NOT NULL,
    -- Its events with a created_at before are in its facts
    stale_from TIMESTAMPTZ NOT NULL
);

-- What is to be mended in conversion_funnel and counted_orders, since an event of it was changed
-- or erased: sessions, and the orders that the event named. A queue as well.
CREATE TABLE changed_events (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id VARCHAR(255) NOT NULL,
    order_key VARCHAR(255)
);

-- How far the facts are: one row. Events with a created_at before noted_until have made their
-- sessions stale, but for those of transactions from noted_xmin on, which may have committed
-- since. Events before complete_until are in the facts.
CREATE TABLE facts_progress (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    noted_until TIMESTAMPTZ NOT NULL,
    noted_xmin XID NOT NULL,
    complete_until TIMESTAMPTZ NOT NULL
);
INSERT INTO facts_progress (noted_until, noted_xmin, complete_until)
VALUES ('-infinity', pg_snapshot_xmin(pg_current_snapshot())::xid, '-infinity');

-- An event that is erased, turned into a bot's or changed otherwise is noted as it was and as it
-- is. What facts, funnel and orders do not know of an event is left out: the job that removes
-- addresses after a while changes nothing here. With the rights of the owner: who may erase events
-- need not know of this.
CREATE FUNCTION note_updated_events() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO changed_events (session_id, order_key)
    SELECT DISTINCT session_id, COALESCE(order_id, stripe_session_id)
    FROM (
        SELECT * FROM old_events
        UNION ALL
        SELECT * FROM new_events
    ) AS either
    -- One that is the same on both sides comes twice.
    GROUP BY
        id, session_id, user_id, external_user_id, visitor_id, event_type, sequence, funnel_stage,
        is_bot, utm_source, utm_medium, utm_campaign, utm_term, utm_content, source_type, channel,
        channel_rule, click_ids IS NULL, referrer, page_url, conversion_value, currency, order_id,
        converted, stripe_session_id, device_type, browser, os, user_agent, stamp_verified,
        truncated_fields, marks, occurred_at, received_at
    HAVING count(*) = 1;
    RETURN NULL;
END
$$;
CREATE FUNCTION note_deleted_events() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO changed_events (session_id, order_key)
    SELECT DISTINCT session_id, COALESCE(order_id, stripe_session_id) FROM old_events;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_updated_events AFTER UPDATE ON conversion_events
    REFERENCING OLD TABLE AS old_events NEW TABLE AS new_events
    FOR EACH STATEMENT EXECUTE FUNCTION note_updated_events();
CREATE TRIGGER note_deleted_events AFTER DELETE ON conversion_events
    REFERENCING OLD TABLE AS old_events
    FOR EACH STATEMENT EXECUTE FUNCTION note_deleted_events();
