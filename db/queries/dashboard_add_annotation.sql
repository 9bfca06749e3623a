-- Add an annotation.
-- Parameters: $1 day, $2 text, $3 by whom, $4 when. Columns: none.
INSERT INTO dashboard_annotations (day, text, created_by, created_at) VALUES ($1, $2, $3, $4);
