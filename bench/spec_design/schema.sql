-- The original's two tables (docs/contract.md) as its description gives them, with gen_random_uuid() for
-- uuid_generate_v4(), and its indexes as statements of their own, as Postgres wants them.
CREATE TABLE conversion_events (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID,
    session_id VARCHAR(255) NOT NULL,
    event_type VARCHAR(100) NOT NULL,
    event_name VARCHAR(255) NOT NULL,
    utm_source VARCHAR(100),
    utm_medium VARCHAR(100),
    utm_campaign VARCHAR(255),
    utm_term VARCHAR(255),
    utm_content VARCHAR(255),
    source_type VARCHAR(50),
    referrer TEXT,
    page_url TEXT,
    page_title VARCHAR(500),
    form_data JSONB,
    conversion_value DECIMAL(10,2),
    currency VARCHAR(3) DEFAULT 'USD',
    ga_client_id VARCHAR(255),
    ga_session_id VARCHAR(255),
    converted BOOLEAN DEFAULT FALSE,
    stripe_session_id VARCHAR(255),
    stripe_customer_id VARCHAR(255),
    device_type VARCHAR(50),
    browser VARCHAR(100),
    os VARCHAR(100),
    ip_address VARCHAR(45),
    fb_pixel_id VARCHAR(255),
    fb_event_id VARCHAR(255),
    google_ads_click_id VARCHAR(255),
    linkedin_partner_id VARCHAR(255),
    metadata JSONB,
    created_at TIMESTAMP DEFAULT NOW(),
    updated_at TIMESTAMP DEFAULT NOW()
);

CREATE INDEX idx_session_id ON conversion_events (session_id);
CREATE INDEX idx_user_id ON conversion_events (user_id);
CREATE INDEX idx_event_type ON conversion_events (event_type);
CREATE INDEX idx_created_at ON conversion_events (created_at);
CREATE INDEX idx_utm_campaign ON conversion_events (utm_campaign);

CREATE TABLE conversion_funnel (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    session_id VARCHAR(255) NOT NULL,
    user_id UUID,
    visited_homepage BOOLEAN DEFAULT FALSE,
    visited_pricing BOOLEAN DEFAULT FALSE,
    visited_docs BOOLEAN DEFAULT FALSE,
    started_signup BOOLEAN DEFAULT FALSE,
    completed_signup BOOLEAN DEFAULT FALSE,
    started_checkout BOOLEAN DEFAULT FALSE,
    completed_checkout BOOLEAN DEFAULT FALSE,
    subscription_created BOOLEAN DEFAULT FALSE,
    utm_source VARCHAR(100),
    utm_medium VARCHAR(100),
    utm_campaign VARCHAR(255),
    converted BOOLEAN DEFAULT FALSE,
    conversion_value DECIMAL(10,2),
    created_at TIMESTAMP DEFAULT NOW(),
    updated_at TIMESTAMP DEFAULT NOW(),
    UNIQUE (session_id)
);
