-- Which of some days have sums that are to be computed anew. They are taken off the queue.
-- Parameters: $1, the days. Columns: day.
WITH summed AS (
    SELECT day FROM summed_days WHERE day = ANY ($1::date[]) AND NOT is_final
),
taken AS (
    DELETE FROM changed_days WHERE day IN (SELECT day FROM summed)
)
SELECT day FROM summed ORDER BY day;
