-- Save a view under its name; one that had the name is replaced.
-- Parameters: $1 name, $2 page, $3 query, $4 by whom, $5 when. Columns: none.
INSERT INTO dashboard_views (name, page, query, created_by, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name) DO UPDATE SET
    page = EXCLUDED.page,
    query = EXCLUDED.query,
    created_by = EXCLUDED.created_by,
    created_at = EXCLUDED.created_at;
