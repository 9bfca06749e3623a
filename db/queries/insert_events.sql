-- Store a batch of events, and merge what the new ones change in the orders and in the funnel:
-- one statement, so one round trip, and a transaction by itself. Where there are destinations that
-- conversions go on to, it stores none: insert_events_and_deliveries.sql does then, which takes some
-- 7 % more of Postgres's time.
-- Parameters: $1, a JSON array with an object for each event: the fields of Event by name
-- (collector/event.py). No id comes twice for one session.
-- Columns: session_id, id, one row for each event that is new; the others were stored before, or
-- are of somebody who was erased (docs/privacy.md#erasing-a-person), and change nothing. One row of
-- nulls where there are destinations. An event is stored before where its session has its id.
--
-- Why writers never deadlock: a statement waits for another's event (the same key), for another's
-- order (the same row of counted_orders) or for another's session (the same row of the funnel),
-- for nothing else. Each takes its events in the order of their ids, of two with one id in that of
-- their sessions: the sort below the insert. It takes its first order after its last event, and
-- its first session after its last order: what is sorted below an insert (DISTINCT ON, GROUP BY,
-- ORDER BY) cannot give a row before it has read all of "stored", and all of "counted". It takes
-- its orders in the order of their keys, and in one go all its sessions in their order, with those
-- that lose an order to it. So every statement takes what it takes in one order that all share,
-- each waits only for what comes later in that order than all that it holds, and no circle of
-- waits can close. Before it begins it may wait for a tombstone (db/privacy/lock_erased.sql),
-- which holds nothing that it needs. What mends orders and sessions after events were changed
-- takes them in the same order (collector/facts/mend.py).
--
-- The rows of orders and funnel do not depend on the order in which batches arrive. Each
-- assignment keeps the least, the greatest or the union of both sides, but for order_values:
-- that is a sum of changes. An order's row is locked until its change is committed, so its
-- changes follow each other, and what they add up to is the event that counts in the end.
WITH stored AS (
    -- include insert_sent
    AND NOT EXISTS (SELECT FROM destinations WHERE events <> '{}')
    ORDER BY id, session_id
    ON CONFLICT DO NOTHING
    RETURNING
        -- include funnel_facts
),
-- include merge_stored
SELECT session_id, id FROM stored
UNION ALL
SELECT NULL, NULL WHERE EXISTS (SELECT FROM destinations WHERE events <> '{}');
