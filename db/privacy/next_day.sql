-- The first day that has facts of sessions.
-- Parameters: $1 from, $2 until, when they began.
-- Columns: day, ends_at; is_final: its sums are the last; is_summed: they are those of the facts.
-- No row where no day has any.
SELECT
    first.day,
    utc_midnight(first.day + 1) AS ends_at,
    COALESCE(summed.is_final, FALSE) AS is_final,
    summed.day IS NOT NULL
        AND NOT EXISTS (SELECT FROM changed_days WHERE changed_days.day = first.day) AS is_summed
FROM (
    SELECT utc_day(min(started_at)) AS day
    FROM session_facts
    WHERE started_at >= $1 AND started_at < $2
) AS first
LEFT JOIN summed_days AS summed USING (day)
WHERE first.day IS NOT NULL;
