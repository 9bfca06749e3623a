-- What a collector may do in Postgres where its role is not the owner's: what db/queries/doctor_rights.sql
-- asks for, and no more. Run it as the role that migrates, after each `conversion-tracking migrate`:
--   psql -v collector=tracking_collector -f deploy/postgres/collector-role.sql
\set ON_ERROR_STOP on
BEGIN;

-- Events.
GRANT SELECT, INSERT, UPDATE ON conversion_events, conversion_funnel, counted_orders TO :"collector";
GRANT SELECT ON erased_ids, erased_slots TO :"collector";

-- Conversions for ad platforms are queued with their events, and given up where they wait too long.
GRANT SELECT ON destinations TO :"collector";
GRANT SELECT, INSERT, UPDATE ON deliveries TO :"collector";

-- Which migrations are there: GET /readyz and the doctor say which are missing.
GRANT SELECT ON schema_migrations TO :"collector";

-- Events that broke the contract.
GRANT SELECT, INSERT, UPDATE, DELETE ON rejected_events TO :"collector";

-- Facts, which reports read; not needed where CT_FACTS_SECONDS is 0.
GRANT DELETE ON conversion_funnel, counted_orders TO :"collector";
GRANT SELECT, INSERT, UPDATE, DELETE ON session_facts TO :"collector";
GRANT SELECT, INSERT, DELETE ON
    stale_sessions, summed_days, session_sums, stage_sums, page_sums, event_type_sums, quarter_sums
    TO :"collector";
GRANT SELECT, DELETE ON changed_events, changed_days TO :"collector";
GRANT SELECT, UPDATE ON facts_progress TO :"collector";
GRANT SELECT ON retention_progress TO :"collector";

-- CT_RETENTION_...
GRANT DELETE ON conversion_events, deliveries TO :"collector";
GRANT UPDATE ON summed_days, retention_progress TO :"collector";

-- CT_COOKIELESS.
GRANT SELECT, INSERT, DELETE ON visitor_salts TO :"collector";

COMMIT;
