-- One row of facts a session, which the reports read in place of its events (docs/reports.md).
-- The collector computes them beside the events (db/queries/store_facts.sql): storing an event
-- pays nothing for it. What becomes of an event later, by UPDATE or DELETE, is noted by a trigger.

-- The page of an address: host without "www." and path without a closing slash; a route behind
-- "#/" or "#!/" belongs to it, the query does not. Null for what is no address of the web.
CREATE FUNCTION page_of(address TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(lower(part[1]), '^www\.', '')
        || COALESCE(NULLIF(rtrim(part[2], '/'), ''), '/')
        || COALESCE(rtrim(substring(part[3] FROM '^#!?/[^?&]*'), '/'), '')
    FROM regexp_match(
        address, '^https?://(?:[^/?#@]*@)?([^/?#:]+)(?::\d+)?([^?#]*)(?:\?[^#]*)?(#.*)?$', 'i'
    ) AS part
$$;

-- The host of an address, without "www."; null for what is none of the web.
CREATE FUNCTION host_of(address TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(
        lower(substring(address FROM '(?i)^https?://(?:[^/?#@]*@)?([^/?#:]+)')), '^www\.', ''
    )
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

-- Sessions whose facts are to be computed anew.
CREATE TABLE stale_sessions (
    session_id VARCHAR(255) COLLATE "C" PRIMARY KEY
);

-- How far the facts are: one row. Events with a created_at before noted_until have made their
-- sessions stale; before complete_until, the facts hold them as well.
CREATE TABLE facts_progress (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    noted_until TIMESTAMPTZ NOT NULL,
    complete_until TIMESTAMPTZ NOT NULL
);
INSERT INTO facts_progress (noted_until, complete_until) VALUES ('-infinity', '-infinity');

-- An event that is erased, turned into a bot's or changed in any way makes its session stale.
CREATE FUNCTION note_stale_sessions() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale_sessions (session_id)
    SELECT DISTINCT session_id FROM changed ORDER BY session_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_stale_on_update AFTER UPDATE ON conversion_events
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_stale_sessions();
CREATE TRIGGER note_stale_on_delete AFTER DELETE ON conversion_events
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_stale_sessions();
