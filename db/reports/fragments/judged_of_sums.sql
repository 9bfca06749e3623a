-- As judged_of_facts.sql, from the sums of quarters of an hour and the facts of what is left.
-- All sessions are in it, bots' as well, and no filter is.
-- include slices
parts AS (
    SELECT
        width_bucket(started_at, $3::timestamptz[]) AS bucket,
        count(*) AS all_sessions,
        count(*) FILTER (WHERE is_bot) AS bot_sessions,
        -- include quality_measures
    FROM slices
    CROSS JOIN LATERAL (
        SELECT * FROM session_facts WHERE started_at >= slice_start AND started_at < slice_end
        OFFSET 0
    ) AS one_slice
    GROUP BY bucket
    UNION ALL
    SELECT
        width_bucket(starts_at, $3::timestamptz[]),
        sessions, CASE WHEN is_bot THEN sessions ELSE 0 END, all_events, unsigned_events,
        late_events, corrected_events, redacted_events, truncated_events, mended_events,
        bot_events, numbered_events, missing_events
    FROM quarter_sums
    JOIN summed USING (day)
),
measured AS (
    SELECT
        bucket,
        sum(all_sessions)::bigint AS all_sessions,
        sum(bot_sessions)::bigint AS bot_sessions,
        sum(all_events)::bigint AS all_events,
        -- include added_quality
    FROM parts
    GROUP BY bucket
)
