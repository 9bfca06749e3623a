-- Add a share link.
-- Parameters: $1 hash of its token, $2 page, $3 query, $4 note, $5 by whom, $6 when,
-- $7 until when. Columns: none.
INSERT INTO dashboard_share_links
    (token_hash, page, query, note, created_by, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);
