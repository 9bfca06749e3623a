-- A rejected event, without what was sent.
-- Parameters: $1, its id. Columns: row, as a JSON text.
SELECT (to_jsonb(r) - 'body')::text AS row FROM rejected_events AS r WHERE id = $1;
