-- Note that a rejected event went through. The first time counts.
-- Parameters: $1 its id, $2 the result: stored or duplicate. Columns: none.
UPDATE rejected_events
SET replayed_at = now(), replay_result = $2
WHERE id = $1 AND replayed_at IS NULL;
