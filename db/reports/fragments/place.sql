-- The place of a name in a list: the first $3 have one each, and all that are left one together.
-- Of a part of WITH whose WINDOW in_order says in which order the names are.
LEAST(row_number() OVER in_order, $3 + 1) AS place
