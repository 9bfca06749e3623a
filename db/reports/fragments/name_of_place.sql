-- The name of a place, null where it is that of all that are left, and how many names it has.
CASE WHEN place <= $3 THEN min(name) END AS name,
count(*) AS names,
