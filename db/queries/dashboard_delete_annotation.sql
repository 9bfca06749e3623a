-- Delete an annotation.
-- Parameters: $1 its id. Columns: id, where there was one.
DELETE FROM dashboard_annotations WHERE id = $1 RETURNING id;
