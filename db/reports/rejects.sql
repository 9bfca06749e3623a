-- title: Rejected events
-- group: trust
-- answers: Why events were rejected, by the time of their receipt. Filters do not hold here, since
--   what broke the contract has no session.
-- parameters: from, to, limit
-- name: reason
-- columns: rejected_events, kept_rejects, replayed_rejects, last_rejected_at, reject_message
WITH named AS (
    SELECT
        reason AS name,
        sum(1 + repeats) AS rejected_events,
        count(*) AS kept_rejects,
        count(replayed_at) AS replayed_rejects,
        max(received_at) AS last_rejected_at,
        (array_agg(message ORDER BY received_at DESC, id DESC))[1] AS reject_message
    FROM rejected_events
    WHERE received_at >= $1 AND received_at < $2
    GROUP BY reason
),
placed AS (
    SELECT
        *,
        -- include place
    FROM named
    WINDOW in_order AS (ORDER BY rejected_events DESC, name COLLATE "C")
)
SELECT
    -- include name_of_place
    sum(rejected_events)::bigint AS rejected_events,
    sum(kept_rejects)::bigint AS kept_rejects,
    sum(replayed_rejects)::bigint AS replayed_rejects,
    max(last_rejected_at) AS last_rejected_at,
    CASE WHEN place <= $3 THEN min(reject_message) END AS reject_message
FROM placed
GROUP BY place
ORDER BY place;
