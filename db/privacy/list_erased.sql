-- All tombstones.
-- Parameters: none. Columns: kind, digest, key.
SELECT kind, digest, key FROM erased_ids ORDER BY erased_at, digest;
