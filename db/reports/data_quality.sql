-- title: Data quality
-- group: trust
-- answers: How complete and how trustworthy the events of sessions are, by hour, day, week or
--   month, bots' events as well: share of bots, unsigned and late events, and how many of those
--   that trackers numbered arrived.
-- parameters: from, to, edges
-- columns: starts_at, is_complete, all_sessions, bot_sessions, bot_share, all_events, bot_events,
--   bot_event_share, unsigned_events, unsigned_share, late_events, corrected_events,
--   truncated_events, redacted_events, mended_events, numbered_events, missing_events,
--   delivery_rate
WITH
-- include all_sessions
,
-- include judged_of_SOURCE
SELECT
    edge AS starts_at,
    COALESCE(all_sessions, 0) AS all_sessions,
    COALESCE(bot_sessions, 0) AS bot_sessions,
    COALESCE(all_events, 0) AS all_events,
    COALESCE(bot_events, 0) AS bot_events,
    COALESCE(unsigned_events, 0) AS unsigned_events,
    COALESCE(late_events, 0) AS late_events,
    COALESCE(corrected_events, 0) AS corrected_events,
    COALESCE(truncated_events, 0) AS truncated_events,
    COALESCE(redacted_events, 0) AS redacted_events,
    COALESCE(mended_events, 0) AS mended_events,
    COALESCE(numbered_events, 0) AS numbered_events,
    COALESCE(missing_events, 0) AS missing_events,
    COALESCE(numbered_events + missing_events, 0) AS expected_events
FROM unnest($3::timestamptz[]) WITH ORDINALITY AS edges (edge, bucket)
LEFT JOIN measured USING (bucket)
ORDER BY bucket;
