-- Note that a browser is signed in, and forget those whose time is over.
-- Parameters: $1 hash of the cookie, $2 name of the token, $3 what ties it to the token,
-- $4 until when, $5 now. Columns: none.
WITH over AS (DELETE FROM dashboard_sessions WHERE expires_at <= $5)
INSERT INTO dashboard_sessions (cookie_hash, token_name, token_check, expires_at)
VALUES ($1, $2, $3, $4);
