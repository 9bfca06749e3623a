-- How good the data of sessions is, by the places of the times $3 at or after which they began.
measured AS (
    SELECT
        width_bucket(started_at, $3::timestamptz[]) AS bucket,
        count(*) AS all_sessions,
        count(*) FILTER (WHERE is_bot) AS bot_sessions,
        -- include quality_measures
    FROM sessions
    GROUP BY bucket
)
