-- What broke the contract, kept so that it can be looked at, repaired and sent through again.
-- Bounded in rows a minute, size and age by the collector's settings; docs/rejects.md.

CREATE TABLE rejected_events (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The id under which a replay stores an event that was sent without one: the same
    -- however often it is replayed.
    event_id UUID NOT NULL UNIQUE,

    -- Why
    reason VARCHAR(50) NOT NULL CHECK (reason <> ''),   -- the code of the answer: invalid_event ...
    message TEXT NOT NULL,
    errors JSONB NOT NULL CHECK (jsonb_typeof(errors) = 'array'),   -- of {"field", "message"}

    -- What: bytes, since it may be anything but UTF-8
    endpoint VARCHAR(100) NOT NULL,
    content_type VARCHAR(100),
    body BYTEA NOT NULL CHECK (octet_length(body) <= 65536),
    body_cut BOOLEAN NOT NULL,          -- it was longer, and cannot be replayed as it is

    -- Who and when, as in conversion_events
    ip_address VARCHAR(45),
    stamp_verified BOOLEAN NOT NULL,
    user_agent VARCHAR(1024),
    request_id VARCHAR(64),
    received_at TIMESTAMPTZ NOT NULL,

    -- What became of it
    replayed_at TIMESTAMPTZ,
    replay_result VARCHAR(20) CHECK (replay_result IN ('stored', 'duplicate')),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CHECK ((replayed_at IS NULL) = (replay_result IS NULL))
);
