-- What can be added up of how good the data of sessions is.
sum(
    -- include all_events
)::bigint AS all_events,
-- include added_quality
