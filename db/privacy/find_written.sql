-- Which sessions have an event whose form data or metadata hold an e-mail address with this
-- SHA-256, or the hash itself. Reads all events.
-- Parameters: $1, the hash as hexadecimal digits in lower case. Columns: session_id.
SELECT DISTINCT session_id
FROM conversion_events
CROSS JOIN LATERAL (VALUES (lower(concat(form_data, metadata)))) AS texts (written)
WHERE written <> '' AND (
    strpos(written, $1) > 0
    OR EXISTS (
        SELECT
        FROM regexp_matches(written, '[^\s"<>@,;:\\]+@[^\s"<>@,;:\\]+', 'g') AS found (address)
        WHERE encode(sha256(convert_to(address[1], 'UTF8')), 'hex') = $1
    )
);
