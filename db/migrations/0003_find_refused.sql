-- Finds the rows of a refused batch that Postgres refuses, in one pass and one statement.
--
-- `statement` is the collector's own (db/queries/insert_events.sql), tried with each event by
-- itself and undone again, so that this function never has to know it. It is prepared once,
-- since planning it for each event takes ten times as long as running it. Runs with the rights
-- of its caller.
-- Returns a row for each event that fails: its place in the batch from 0, and why, without a value.

CREATE FUNCTION find_refused_events(statement TEXT, events JSON)
RETURNS TABLE (
    place INTEGER,
    sqlstate_code TEXT,
    table_of TEXT,
    column_of TEXT,
    constraint_of TEXT
)
LANGUAGE plpgsql AS $$
DECLARE
    event JSON;
BEGIN
    IF EXISTS (SELECT FROM pg_prepared_statements WHERE name = 'ct_try_event') THEN
        DEALLOCATE ct_try_event;  -- left by a call that was cancelled
    END IF;
    EXECUTE 'PREPARE ct_try_event(json) AS ' || statement;
    PERFORM set_config('plan_cache_mode', 'force_generic_plan', TRUE);
    place := 0;
    FOR event IN SELECT value FROM json_array_elements(events) LOOP
        BEGIN
            EXECUTE format('EXECUTE ct_try_event(%L)', json_build_array(event));
            SET CONSTRAINTS ALL IMMEDIATE;
            RAISE SQLSTATE 'CT000';  -- it passes: undo it
        EXCEPTION
            WHEN SQLSTATE 'CT000' THEN
                NULL;
            WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS
                    sqlstate_code = RETURNED_SQLSTATE,
                    table_of = TABLE_NAME,
                    column_of = COLUMN_NAME,
                    constraint_of = CONSTRAINT_NAME;
                RETURN NEXT;
        END;
        place := place + 1;
    END LOOP;
    DEALLOCATE ct_try_event;
END
$$;
