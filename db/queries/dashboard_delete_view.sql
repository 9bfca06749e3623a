-- Delete a saved view.
-- Parameters: $1 its id. Columns: id, where there was one.
DELETE FROM dashboard_views WHERE id = $1 RETURNING id;
