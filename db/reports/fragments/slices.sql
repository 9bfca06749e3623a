-- The days of the range whose sums hold, and what is left of it: its begin and its end where they
-- cut days, today, and days that are to be summed anew.
summed AS MATERIALIZED (
    SELECT day
    FROM summed_days
    WHERE utc_midnight(day) >= $1 AND utc_midnight(day + 1) <= $2
        AND NOT EXISTS (SELECT FROM changed_days WHERE changed_days.day = summed_days.day)
),
slices AS MATERIALIZED (
    SELECT lower(slice) AS slice_start, upper(slice) AS slice_end
    FROM unnest(
        tstzmultirange(tstzrange($1, $2)) - (
            SELECT COALESCE(range_agg(tstzrange(utc_midnight(day), utc_midnight(day + 1))), '{}')
            FROM summed
        )
    ) AS slice
),
