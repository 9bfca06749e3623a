-- The share links, the newest first.
-- Parameters: $1 how many.
-- Columns: id, page, query, note, created_by, created_at, expires_at, revoked_at.
SELECT id, page, query, note, created_by, created_at, expires_at, revoked_at
FROM dashboard_share_links
ORDER BY created_at DESC, id DESC
LIMIT $1;
