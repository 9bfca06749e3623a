-- Take a share link back; one that was taken back keeps its time.
-- Parameters: $1 its id, $2 now. Columns: id, where there is one.
UPDATE dashboard_share_links
SET revoked_at = COALESCE(revoked_at, $2)
WHERE id = $1
RETURNING id;
