-- How far one session has come.
-- Parameters: $1 its session_id.
-- Columns: those of conversion_funnel, with when the session reached each stage (null: not yet);
-- one row, or none where no event of the session moved the funnel.
SELECT *
FROM conversion_funnel
WHERE session_id = $1;
