-- Take visitors out of the sums that stay when their sessions are gone.
-- Parameters: $1, the keys of the visitors. Columns: rows, how many quarters of an hour had one.
WITH changed AS (
    UPDATE quarter_sums SET
        visitors = ARRAY(SELECT key FROM unnest(visitors) AS key WHERE key <> ALL ($1::bigint[])),
        converting_visitors = ARRAY(
            SELECT key FROM unnest(converting_visitors) AS key WHERE key <> ALL ($1::bigint[])
        )
    WHERE visitors && $1::bigint[] AND day IN (SELECT day FROM summed_days WHERE is_final)
    RETURNING day
)
SELECT count(*) AS rows FROM changed;
