-- How long ago what was too old was taken away (docs/privacy.md#retention).
-- Parameters: none. Columns: hours, null where that never happened; one row.
SELECT
    CASE
        WHEN ran_at <> '-infinity' THEN extract(epoch FROM now() - ran_at)::double precision / 3600
    END AS hours
FROM retention_progress;
