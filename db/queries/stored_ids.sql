-- Which events are stored. Where a synchronous standby is waited for: also there.
-- Parameters: $1, an array of event ids.
-- Columns: id, one row for each of them that is stored.
-- Who finds an event may not assume that the standby has it: its own commit may have been waited for
-- in vain. The message is nothing but a record in the log, whose commit waits for all before it.
WITH standby AS MATERIALIZED (
    SELECT
        CASE
            WHEN current_setting('synchronous_standby_names') <> ''
                THEN pg_logical_emit_message(TRUE, 'conversion-tracking', '')
        END AS position
)

SELECT e.id
FROM conversion_events AS e
CROSS JOIN standby
WHERE e.id = ANY ($1::uuid[]);
