-- Say that the sums of a day are the last.
-- Parameters: $1, the day. Columns: none.
WITH taken AS (
    DELETE FROM changed_days WHERE day = $1
)
UPDATE summed_days SET is_final = TRUE WHERE day = $1;
