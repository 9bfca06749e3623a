-- Delete some sessions of the funnel that are left, since their events were gone before.
-- Parameters: $1, the session ids. Columns: none.
DELETE FROM conversion_funnel WHERE session_id = ANY ($1::text[]);
