-- Sign a browser out.
-- Parameters: $1 hash of the cookie. Columns: none.
DELETE FROM dashboard_sessions WHERE cookie_hash = $1;
