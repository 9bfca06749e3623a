-- The saved views, by name.
-- Parameters: $1 how many. Columns: id, name, page, query, created_by, created_at.
SELECT id, name, page, query, created_by, created_at
FROM dashboard_views
ORDER BY lower(name), name
LIMIT $1;
