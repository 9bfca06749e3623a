-- Say that a day has its sums.
-- Parameters: $1, the day. Columns: none.
INSERT INTO summed_days (day, summed_at) VALUES ($1, now());
