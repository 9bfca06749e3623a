-- How many events wait, and how many are refused. Reads the whole file: only on opening.
-- Parameters: none. Columns: waiting, refused.
SELECT (SELECT count(*) FROM waiting) AS waiting, (SELECT count(*) FROM refused) AS refused;
