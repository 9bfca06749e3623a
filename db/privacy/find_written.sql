-- Which sessions have an event whose form data or metadata, or who is told of to an ad platform,
-- hold an e-mail address with this SHA-256, or the hash itself. Reads all events.
-- Parameters: $1, the hash as hexadecimal digits in lower case. Columns: session_id.
SELECT DISTINCT session_id
FROM (
    SELECT session_id, lower(concat(form_data, metadata)) AS written FROM conversion_events
    UNION ALL
    SELECT session_id, lower(user_data::text) FROM deliveries WHERE user_data IS NOT NULL
) AS texts
WHERE written <> '' AND (
    strpos(written, $1) > 0
    OR EXISTS (
        SELECT
        FROM regexp_matches(written, '[^\s"<>@,;:\\]+@[^\s"<>@,;:\\]+', 'g') AS found (address)
        WHERE encode(sha256(convert_to(address[1], 'UTF8')), 'hex') = $1
    )
);
