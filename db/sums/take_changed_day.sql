-- Take the entries of a day off the queue of days to be summed: the latest that is over. One that
-- was summed less than five minutes ago waits.
-- Parameters: none. Columns: day; no row where none is to be summed now.
WITH due AS (
    SELECT day
    FROM changed_days
    LEFT JOIN summed_days USING (day)
    WHERE day < utc_day(now())
        AND (summed_at IS NULL OR summed_at < now() - INTERVAL '5 minutes')
    ORDER BY day DESC
    LIMIT 1
),
taken AS (
    DELETE FROM changed_days WHERE day = (SELECT day FROM due)
)
SELECT day FROM due;
