-- Note what an erasure did, without whom it was about.
-- Parameters: $1 by what was asked, $2 how many rows of which table, as a JSON text.
-- Columns: erased_at.
INSERT INTO erasures (asked_by, counts) VALUES ($1, $2::text::jsonb) RETURNING erased_at;
