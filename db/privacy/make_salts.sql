-- Make the salts of today and tomorrow (UTC), where nobody has yet: so a day begins with one that
-- all collectors know. gen_random_uuid is of 122 random bits; two are 244.
-- Parameters: none. Columns: none.
INSERT INTO visitor_salts (day, salt)
SELECT
    utc_day(now()) + days,
    decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
FROM generate_series(0, 1) AS days
ON CONFLICT DO NOTHING;
