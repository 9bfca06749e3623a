-- How many rejected events there are, by reason and field, with those that were only counted.
-- Parameters: $1 only this reason, $2 only with an error in this field (null: any),
-- $3 also those that were replayed.
-- Columns: reason, field (null where no field is to blame), events, first_at, last_at.
-- An event with two broken fields counts once for each.
SELECT
    r.reason,
    e.field,
    (count(*) + sum(r.repeats))::bigint AS events,
    min(r.received_at) AS first_at,
    max(r.received_at) AS last_at
FROM rejected_events AS r
LEFT JOIN LATERAL jsonb_to_recordset(r.errors) AS e (field TEXT) ON TRUE
WHERE ($1::text IS NULL OR r.reason = $1)
    AND ($2::text IS NULL OR e.field = $2)
    AND ($3::boolean OR r.replayed_at IS NULL)
GROUP BY r.reason, e.field
ORDER BY events DESC, r.reason, e.field;
