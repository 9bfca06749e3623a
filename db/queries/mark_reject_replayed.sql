-- Note that a rejected event went through. The first time counts.
-- Parameters: $1 its id, $2 the result: stored, duplicate or queued, $3 its version as it was read:
-- one that was refused again meanwhile is not noted. Columns: none.
UPDATE rejected_events
SET replayed_at = now(), replay_result = $2
WHERE id = $1 AND replayed_at IS NULL AND xmin::text = $3;
