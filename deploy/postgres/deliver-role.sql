-- What `conversion-tracking deliver` and `deliveries` may do in Postgres where their role is not the owner's, and
-- no more: events are read, and nothing is changed but the outbox. Run it as the role that migrates,
-- after each `conversion-tracking migrate`:
--   psql -v deliver=tracking_deliver -f deploy/postgres/deliver-role.sql
\set ON_ERROR_STOP on
BEGIN;

GRANT SELECT, INSERT, UPDATE ON destinations, destination_states, deliveries TO :"deliver";
GRANT SELECT ON conversion_events TO :"deliver";

-- Which migrations are there: the doctor says which are missing.
GRANT SELECT ON schema_migrations TO :"deliver";

COMMIT;
