-- The sessions that a report is about: those that began in its range, $1 to before $2, as its
-- filters want them. The reader puts the filters in (collector/reports/statement.py).
sessions AS NOT MATERIALIZED (
    SELECT *
    FROM session_facts AS facts
    WHERE started_at >= $1 AND started_at < $2
        -- filters
)
