-- Which events are stored. Where a synchronous standby is waited for: also there.
-- Parameters: $1 the sessions and $2 the ids of events, one of each for each event.
-- Columns: session_id, id, one row for each of them that is stored.
-- Who finds an event may not assume that the standby has it: its own commit may have been waited for
-- in vain. The message is nothing but a record in the log, whose commit waits for all before it.
WITH standby AS MATERIALIZED (
    SELECT
        CASE
            WHEN current_setting('synchronous_standby_names') <> ''
                THEN pg_logical_emit_message(TRUE, 'conversion-tracking', '')
        END AS position
)

SELECT e.session_id, e.id
FROM unnest($1::text[], $2::uuid[]) AS asked (session_id, id)
JOIN conversion_events AS e ON e.session_id = asked.session_id AND e.id = asked.id
CROSS JOIN standby;
