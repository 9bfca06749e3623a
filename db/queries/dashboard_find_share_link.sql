-- What a share link shows, while it holds.
-- Parameters: $1 hash of its token, $2 now. Columns: page, query.
SELECT page, query
FROM dashboard_share_links
WHERE token_hash = $1 AND expires_at > $2 AND revoked_at IS NULL;
