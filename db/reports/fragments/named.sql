-- The sessions that a report is about, each with its name: its value of the dimension whose
-- names the rows are. The reader puts the column in (collector/reports/statement.py).
WITH
-- include sessions
,
named AS NOT MATERIALIZED (
    SELECT
        -- name
        sessions.*
    FROM sessions
),
