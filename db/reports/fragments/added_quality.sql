-- What quality_measures.sql adds up beside all events.
sum(unsigned_events)::bigint AS unsigned_events,
sum(late_events)::bigint AS late_events,
sum(corrected_events)::bigint AS corrected_events,
sum(redacted_events)::bigint AS redacted_events,
sum(truncated_events)::bigint AS truncated_events,
sum(mended_events)::bigint AS mended_events,
sum(bot_events)::bigint AS bot_events,
sum(numbered_events)::bigint AS numbered_events,
sum(missing_events)::bigint AS missing_events
