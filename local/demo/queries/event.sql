-- All that is stored of one event.
-- Parameters: $1 its session, $2 its id.
-- Columns: the row as JSON, without what is null, the amount as text; one row or none.
SELECT jsonb_strip_nulls(
    to_jsonb(e) || jsonb_build_object('conversion_value', conversion_value::text)
) AS event
FROM conversion_events AS e
WHERE session_id = $1 AND id = $2;
