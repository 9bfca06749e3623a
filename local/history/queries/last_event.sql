-- When the last event was stored; null where there is none.
-- Parameters: none. Columns: at.
SELECT max(created_at) AS at FROM conversion_events;
