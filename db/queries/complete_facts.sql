-- Say how far the facts hold all events: as far as these were noted, but for sessions that wait
-- their turn.
-- Parameters: none. Columns: complete_until.
UPDATE facts_progress SET complete_until = GREATEST(
    complete_until, LEAST(noted_until, (SELECT min(stale_from) FROM stale_sessions))
)
RETURNING complete_until;
