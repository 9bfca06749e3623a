-- Before when is too old, by Postgres's clock: a collector's that is wrong must delete nothing.
-- Parameters: days that events, sessions, addresses, rejected events, settled deliveries and those
-- that wait are kept, each may be null.
-- Columns: events, sessions, addresses, rejects, deliveries, waiting, each null where nothing is too
-- old; sessions_midnight, the begin of the first day of which sessions are kept; complete_until, how far the facts are;
-- addresses_until, ran_at, how far it went the last time, and when; is_due, whether that is an
-- hour ago.
SELECT
    now() - make_interval(days => $1::integer) AS events,
    now() - make_interval(days => $2::integer) AS sessions,
    now() - make_interval(days => $3::integer) AS addresses,
    now() - make_interval(days => $4::integer) AS rejects,
    now() - make_interval(days => $5::integer) AS deliveries,
    now() - make_interval(days => $6::integer) AS waiting,
    utc_midnight(utc_day(now() - make_interval(days => $2::integer))) AS sessions_midnight,
    GREATEST(complete_until, first) AS complete_until,
    GREATEST(addresses_until, first) AS addresses_until,
    GREATEST(ran_at, first) AS ran_at,
    ran_at < now() - INTERVAL '1 hour' AS is_due
FROM retention_progress
CROSS JOIN facts_progress
-- Python has no infinite time.
CROSS JOIN (VALUES ('0001-01-01 00:00+00'::timestamptz)) AS python (first);
