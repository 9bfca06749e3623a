-- The keys of ids: those of visitors stand in the sums of days.
-- Parameters: $1, ids. Columns: key, in their order.
SELECT visitor_key(id) AS key
FROM unnest($1::text[]) WITH ORDINALITY AS asked (id, place)
ORDER BY place;
