-- Count the sessions of a day by their names and the stages of the funnel that they reached.
-- Parameters: $1, the day. Columns: none.
INSERT INTO stage_sums (day, is_bot, dimension, name, stages_reached, converted, sessions)
SELECT
    $1, is_bot, dimension, name,
    -- include stages_reached
    AS stages_reached,
    converted,
    count(*)
FROM
    -- include named_facts
GROUP BY is_bot, dimension, name, stages_reached, converted
ORDER BY dimension;
