-- With which token a browser signed in.
-- Parameters: $1 hash of the cookie, $2 now. Columns: token_name, token_check.
SELECT token_name, token_check
FROM dashboard_sessions
WHERE cookie_hash = $1 AND expires_at > $2;
