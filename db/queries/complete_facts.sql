-- Say that the facts hold all events that were noted, once no session is stale.
-- Parameters: none. Columns: complete_until, one row if so.
UPDATE facts_progress SET complete_until = noted_until
WHERE NOT EXISTS (SELECT FROM stale_sessions)
RETURNING complete_until;
