-- Sum the sessions of a day by the quarter of an hour in which they began.
-- Parameters: $1, the day. Columns: none.
INSERT INTO quarter_sums (
    day, starts_at, is_bot, sessions, engaged_sessions, bounced_sessions, page_views, conversions,
    timed_sessions, timed_time, visitors, converting_visitors, seconds, all_events,
    unsigned_events, late_events, corrected_events, redacted_events, truncated_events,
    mended_events, bot_events, numbered_events, missing_events
)
SELECT
    $1,
    date_bin('15 minutes', started_at, utc_midnight($1)) AS starts_at,
    is_bot,
    -- include session_measures
    , COALESCE(
        array_agg(DISTINCT visitor_key(visitor_id)) FILTER (WHERE visitor_id IS NOT NULL), '{}'
    ),
    COALESCE(
        array_agg(DISTINCT visitor_key(visitor_id))
            FILTER (WHERE visitor_id IS NOT NULL AND converted),
        '{}'
    ),
    COALESCE(
        array_agg(
            -- include seconds
        ) FILTER (WHERE events > 1),
        '{}'
    ),
    -- include quality_measures
FROM session_facts
-- include in_day
GROUP BY starts_at, is_bot;
