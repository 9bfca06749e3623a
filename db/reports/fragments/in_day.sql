-- The sessions that began on a day, $1.
WHERE started_at >= utc_midnight($1) AND started_at < utc_midnight($1 + 1)
