-- What is too old goes, and leaves what reports have summed as it was (docs/privacy.md#retention).

-- How far it went: one row.
CREATE TABLE retention_progress (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    -- Events that were stored before are gone. Sessions and orders that began before are not
    -- computed anew, since that would be from a part of their events.
    events_until TIMESTAMPTZ NOT NULL DEFAULT '-infinity',
    -- Events that were stored before have neither address nor User-Agent.
    addresses_until TIMESTAMPTZ NOT NULL DEFAULT '-infinity',
    ran_at TIMESTAMPTZ NOT NULL DEFAULT '-infinity'
);
INSERT INTO retention_progress DEFAULT VALUES;

-- The facts of the day are gone: its sums are the last, and hold whatever comes later.
ALTER TABLE summed_days ADD COLUMN is_final BOOLEAN NOT NULL DEFAULT FALSE;

-- Whether this transaction takes away what is too old, which nothing is to follow.
CREATE FUNCTION is_aging() RETURNS BOOLEAN
LANGUAGE sql STABLE AS $$
    SELECT COALESCE(current_setting('conversion_tracking.aging', TRUE), '') = 'on'
$$;

DROP TRIGGER note_updated_events ON conversion_events;
CREATE TRIGGER note_updated_events AFTER UPDATE ON conversion_events
    REFERENCING OLD TABLE AS old_events NEW TABLE AS new_events
    FOR EACH STATEMENT WHEN (NOT is_aging()) EXECUTE FUNCTION note_updated_events();
DROP TRIGGER note_deleted_events ON conversion_events;
CREATE TRIGGER note_deleted_events AFTER DELETE ON conversion_events
    REFERENCING OLD TABLE AS old_events
    FOR EACH STATEMENT WHEN (NOT is_aging()) EXECUTE FUNCTION note_deleted_events();

CREATE OR REPLACE FUNCTION note_changed_days() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF is_aging() THEN
        RETURN NULL;
    END IF;
    INSERT INTO changed_days (day)
    SELECT DISTINCT utc_day(started_at)
    FROM touched_facts
    WHERE NOT EXISTS (
        SELECT FROM summed_days WHERE day = utc_day(started_at) AND is_final
    );
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION forget_summed_days() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM summed_days WHERE NOT is_final;
    RETURN NULL;
END
$$;
