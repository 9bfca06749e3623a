-- Which users have an e-mail address whose SHA-256 is known, as their id or as its hash.
-- Parameters: $1, the hash as hexadecimal digits in lower case. Columns: user_id.
SELECT DISTINCT user_id
FROM (
    SELECT user_id, external_user_id FROM conversion_events WHERE external_user_id IS NOT NULL
    UNION
    SELECT user_id, external_user_id FROM session_facts WHERE external_user_id IS NOT NULL
) AS known
WHERE lower(external_user_id) = $1
    OR encode(sha256(convert_to(lower(btrim(external_user_id)), 'UTF8')), 'hex') = $1;
