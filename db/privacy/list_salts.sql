-- The salts that there are.
-- Parameters: none. Columns: day, salt.
SELECT day, salt FROM visitor_salts;
