-- The sessions that began in the range, $1 to before $2, those of bots as well.
sessions AS NOT MATERIALIZED (
    SELECT *
    FROM session_facts AS facts
    WHERE started_at >= $1 AND started_at < $2
        -- filters without bots
)
