-- Days that are over and whose sums are not of their facts.
-- Parameters: none. Columns: days, of which reports read the facts one by one; one row.
SELECT count(DISTINCT day) AS days FROM changed_days WHERE day < utc_day(now());
