-- Take away the sums of a day.
-- Parameters: $1, the day. Columns: none.
WITH sessions AS (DELETE FROM session_sums WHERE day = $1),
stages AS (DELETE FROM stage_sums WHERE day = $1),
pages AS (DELETE FROM page_sums WHERE day = $1),
event_types AS (DELETE FROM event_type_sums WHERE day = $1),
quarters AS (DELETE FROM quarter_sums WHERE day = $1)
DELETE FROM summed_days WHERE day = $1;
