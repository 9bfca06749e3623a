-- The two tables of the specification, with the columns that the contract adds.
-- Every column of the specification keeps its name and type, except that
-- timestamps are timestamptz. Column by column: docs/data.md.

CREATE TABLE conversion_events (
    -- The event_id: made by the tracker, or by the collector (UUIDv7) where it sent none.
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),

    -- Identity
    user_id UUID,
    external_user_id VARCHAR(255),      -- the user id as sent, where it is not a UUID
    session_id VARCHAR(255) NOT NULL CHECK (session_id <> ''),
    visitor_id VARCHAR(255),

    -- Event
    event_type VARCHAR(100) NOT NULL CHECK (event_type <> ''),
    event_name VARCHAR(255) NOT NULL CHECK (event_name <> ''),
    sequence INTEGER CHECK (sequence >= 1),     -- the tracker's count within the session
    funnel_stage VARCHAR(50) CHECK (funnel_stage IN (
        'visited_homepage', 'visited_pricing', 'visited_docs', 'started_signup',
        'completed_signup', 'started_checkout', 'completed_checkout', 'subscription_created'
    )),
    is_bot BOOLEAN NOT NULL DEFAULT FALSE,      -- a bot's event is kept, but moves no funnel

    -- Attribution
    utm_source VARCHAR(100),
    utm_medium VARCHAR(100),
    utm_campaign VARCHAR(255),
    utm_term VARCHAR(255),
    utm_content VARCHAR(255),
    source_type VARCHAR(50) CHECK (source_type IN ('paid', 'organic', 'direct', 'referral', 'social')),
    channel VARCHAR(50),
    channel_rule VARCHAR(100),                  -- the name of the rule that decided the channel
    click_ids JSONB CHECK (jsonb_typeof(click_ids) = 'object'),
    referrer TEXT,

    -- Page context
    page_url TEXT,
    page_title VARCHAR(500),
    form_data JSONB CHECK (jsonb_typeof(form_data) = 'object'),

    -- Conversion value
    conversion_value DECIMAL(10,2) CHECK (conversion_value >= 0),
    currency VARCHAR(3) DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    order_id VARCHAR(255),
    converted BOOLEAN NOT NULL DEFAULT FALSE,

    -- Analytics
    ga_client_id VARCHAR(255),
    ga_session_id VARCHAR(255),

    -- Stripe
    stripe_session_id VARCHAR(255),
    stripe_customer_id VARCHAR(255),

    -- Device
    device_type VARCHAR(50),
    browser VARCHAR(100),
    os VARCHAR(100),
    user_agent VARCHAR(1024),
    ip_address VARCHAR(45),
    stamp_verified BOOLEAN NOT NULL DEFAULT FALSE,  -- the gateway's signature over the address held

    -- Retargeting
    fb_pixel_id VARCHAR(255),
    fb_event_id VARCHAR(255),
    google_ads_click_id VARCHAR(255),
    linkedin_partner_id VARCHAR(255),

    -- Metadata
    metadata JSONB CHECK (jsonb_typeof(metadata) = 'object'),
    truncated_fields TEXT[],            -- fields that were longer than their column and were cut
    request_id VARCHAR(64),             -- Kong's X-Kong-Request-Id

    -- Timestamps
    occurred_at TIMESTAMPTZ,            -- the device's clock
    sent_at TIMESTAMPTZ,                -- the device's clock at the moment of sending
    received_at TIMESTAMPTZ NOT NULL,   -- the gateway's clock; the collector's where unsigned
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX idx_session_id ON conversion_events (session_id);
CREATE INDEX idx_user_id ON conversion_events (user_id);
CREATE INDEX idx_event_type ON conversion_events (event_type);
CREATE INDEX idx_created_at ON conversion_events (created_at);
CREATE INDEX idx_utm_campaign ON conversion_events (utm_campaign);

-- One row a session, from its first event that is not a bot's. Everything in it
-- can be computed again from conversion_events: db/queries/funnel_from_events.sql.
CREATE TABLE conversion_funnel (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    session_id VARCHAR(255) NOT NULL UNIQUE CHECK (session_id <> ''),

    -- The user id of the session's earliest event that had one
    user_id UUID,
    external_user_id VARCHAR(255),
    user_id_at TIMESTAMPTZ,

    -- Stages: reached or not, and when first
    visited_homepage BOOLEAN NOT NULL DEFAULT FALSE,
    visited_pricing BOOLEAN NOT NULL DEFAULT FALSE,
    visited_docs BOOLEAN NOT NULL DEFAULT FALSE,
    started_signup BOOLEAN NOT NULL DEFAULT FALSE,
    completed_signup BOOLEAN NOT NULL DEFAULT FALSE,
    started_checkout BOOLEAN NOT NULL DEFAULT FALSE,
    completed_checkout BOOLEAN NOT NULL DEFAULT FALSE,
    subscription_created BOOLEAN NOT NULL DEFAULT FALSE,
    visited_homepage_at TIMESTAMPTZ,
    visited_pricing_at TIMESTAMPTZ,
    visited_docs_at TIMESTAMPTZ,
    started_signup_at TIMESTAMPTZ,
    completed_signup_at TIMESTAMPTZ,
    started_checkout_at TIMESTAMPTZ,
    completed_checkout_at TIMESTAMPTZ,
    subscription_created_at TIMESTAMPTZ,

    -- Attribution: that of the session's first event
    utm_source VARCHAR(100),
    utm_medium VARCHAR(100),
    utm_campaign VARCHAR(255),
    source_type VARCHAR(50) CHECK (source_type IN ('paid', 'organic', 'direct', 'referral', 'social')),
    channel VARCHAR(50),
    first_event_at TIMESTAMPTZ NOT NULL,
    first_event_id UUID NOT NULL,
    last_event_at TIMESTAMPTZ NOT NULL,

    -- Conversion: converted is subscription_created; the value is that of the latest stage
    converted BOOLEAN NOT NULL DEFAULT FALSE,
    conversion_value DECIMAL(10,2) CHECK (conversion_value >= 0),
    currency VARCHAR(3) CHECK (currency ~ '^[A-Z]{3}$'),
    value_stage SMALLINT CHECK (value_stage BETWEEN 1 AND 8),   -- which stage, 1 to 8, gave the value
    value_at TIMESTAMPTZ,

    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX idx_funnel_created_at ON conversion_funnel (created_at);
CREATE INDEX idx_funnel_utm_campaign ON conversion_funnel (utm_campaign);
CREATE INDEX idx_funnel_user_id ON conversion_funnel (user_id);
