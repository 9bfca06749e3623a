-- Put up tombstones.
-- Parameters: $1 kinds, $2 digests, $3 keys: one array each.
-- Columns: digest, of those that are new.
INSERT INTO erased_ids (kind, digest, key)
SELECT * FROM unnest($1::text[], $2::bytea[], $3::bigint[])
ON CONFLICT DO NOTHING
RETURNING digest;
