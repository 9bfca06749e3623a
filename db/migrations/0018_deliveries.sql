-- Conversions that go on to ad platforms (docs/conversions.md).

-- What an event is queued for: `conversion-tracking deliver` writes it from its file, and whoever
-- stores events reads it with each batch. It is as good as never written, and holds no secret.
CREATE TABLE destinations (
    name TEXT PRIMARY KEY,
    platform TEXT NOT NULL,
    events JSONB NOT NULL,          -- event type to the platform's name for it
    signal TEXT NOT NULL,           -- of the visitor's consent, which counts for it
    needs_consent BOOLEAN NOT NULL, -- it must be granted; else it suffices that it is not denied
    takes_unsigned BOOLEAN NOT NULL,
    order_wait INTERVAL NOT NULL,   -- how long an order waits for a better event that tells of it
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- How it goes there. Apart, since it is written often.
CREATE TABLE destination_states (
    name TEXT PRIMARY KEY,
    held_by UUID,                   -- the process that sends to it, until then
    held_until TIMESTAMPTZ,
    failures INTEGER NOT NULL DEFAULT 0,    -- requests in a row that the platform did not take
    resume_at TIMESTAMPTZ,          -- nothing is sent before
    paused_at TIMESTAMPTZ,          -- since when somebody must mend something
    reason TEXT,                    -- of the last failure
    advice TEXT,
    warning TEXT,                   -- of the platform's version
    sent_at TIMESTAMPTZ             -- when the platform last took something
);

-- One row for each event and destination.
CREATE TABLE deliveries (
    session_id VARCHAR(255) NOT NULL,
    event_id UUID NOT NULL,
    destination TEXT NOT NULL,
    name TEXT NOT NULL,             -- the platform's, at the time the event came
    state TEXT NOT NULL,            -- collector/conversions/outbox.py has them
    reason TEXT,                    -- why it is not sent
    order_key TEXT,                 -- of an order, which is sent once
    from_page BOOLEAN NOT NULL,     -- the tracker's own event, whose id the page's pixels told too
    happened_at TIMESTAMPTZ NOT NULL,
    queued_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    next_at TIMESTAMPTZ NOT NULL,
    settled_at TIMESTAMPTZ,         -- since when it is not pending
    remote_id TEXT,                 -- the platform's, of the request that took it
    user_data JSONB,                -- as the site sent it, until it is settled
    PRIMARY KEY (session_id, event_id, destination)
);
CREATE INDEX idx_deliveries_due ON deliveries (destination, next_at) WHERE state = 'pending';
CREATE INDEX idx_deliveries_order ON deliveries (order_key, destination, name)
    WHERE order_key IS NOT NULL AND state IN ('pending', 'sent');
CREATE INDEX idx_deliveries_settled ON deliveries (settled_at);
