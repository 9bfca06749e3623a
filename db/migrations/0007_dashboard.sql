-- What people of the dashboard save, and who is signed in (docs/dashboard.md).

-- A browser that is signed in. Its cookie is 256 random bits, of which only the hash is here.
-- token_check ties it to the token that it signed in with: it ends where that token changes.
CREATE TABLE dashboard_sessions (
    cookie_hash BYTEA PRIMARY KEY CHECK (length(cookie_hash) = 32),
    token_name TEXT NOT NULL,
    token_check BYTEA NOT NULL CHECK (length(token_check) = 32),
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_dashboard_sessions_expires_at ON dashboard_sessions (expires_at);

-- A page with its range and filters, under a name.
CREATE TABLE dashboard_views (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE CHECK (name <> '' AND length(name) <= 100),
    page TEXT NOT NULL CHECK (length(page) <= 100),
    query TEXT NOT NULL CHECK (length(query) <= 8000),  -- as in its address
    created_by TEXT NOT NULL,                           -- the name of a token
    created_at TIMESTAMPTZ NOT NULL
);

-- A view that whoever has the link may see, and nothing else. The link's token is 256 random
-- bits, of which only the hash is here.
CREATE TABLE dashboard_share_links (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    page TEXT NOT NULL CHECK (length(page) <= 100),
    query TEXT NOT NULL CHECK (length(query) <= 8000),
    note TEXT NOT NULL CHECK (length(note) <= 100),     -- whom it is for
    created_by TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ
);

-- What happened on a day, for the charts.
CREATE TABLE dashboard_annotations (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day DATE NOT NULL,                                  -- in the time zone of who looks
    text TEXT NOT NULL CHECK (text <> '' AND length(text) <= 500),
    created_by TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_dashboard_annotations_day ON dashboard_annotations (day);
