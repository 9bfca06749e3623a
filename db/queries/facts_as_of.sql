-- Until when the facts hold what was stored.
-- Parameters: none. Columns: complete_until, null where nothing was looked at yet.
SELECT NULLIF(complete_until, '-infinity') AS complete_until FROM facts_progress;
