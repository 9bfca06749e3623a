-- Sums of the sessions of whole days, which reports read in place of their facts (docs/reports.md).
-- The collector computes them after the facts (db/queries/sum_*.sql). A day is one of UTC.

-- What can be added up of the sessions with one name: their value of a dimension, such as the
-- channel. The dimension '' has one name, '', for all sessions. A name may be longer than an index
-- holds, so none is in a key.
CREATE TABLE session_sums (
    day DATE NOT NULL,
    is_bot BOOLEAN NOT NULL,
    dimension TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    sessions BIGINT NOT NULL,
    engaged_sessions BIGINT NOT NULL,
    bounced_sessions BIGINT NOT NULL,
    page_views BIGINT NOT NULL,
    conversions BIGINT NOT NULL,
    timed_sessions BIGINT NOT NULL,
    timed_time INTERVAL NOT NULL
);
CREATE INDEX idx_session_sums ON session_sums (day, dimension);

-- The same sessions by the stages of the funnel that they reached: bit 0 is the first stage.
CREATE TABLE stage_sums (
    day DATE NOT NULL,
    is_bot BOOLEAN NOT NULL,
    dimension TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    stages_reached INTEGER NOT NULL,
    converted BOOLEAN NOT NULL,
    sessions BIGINT NOT NULL
);
CREATE INDEX idx_stage_sums ON stage_sums (day, dimension);

CREATE TABLE page_sums (
    day DATE NOT NULL,
    is_bot BOOLEAN NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    page_views BIGINT NOT NULL,
    viewing_sessions BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    exits BIGINT NOT NULL
);
CREATE INDEX idx_page_sums ON page_sums (day);

CREATE TABLE event_type_sums (
    day DATE NOT NULL,
    is_bot BOOLEAN NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    event_sessions BIGINT NOT NULL
);
CREATE INDEX idx_event_type_sums ON event_type_sums (day);

-- All sessions by the quarter of an hour in which they began, of which the days of any time zone
-- are made, with what cannot be added up: who the visitors were, and how long sessions lasted.
CREATE TABLE quarter_sums (
    day DATE NOT NULL,
    starts_at TIMESTAMPTZ NOT NULL,
    is_bot BOOLEAN NOT NULL,
    sessions BIGINT NOT NULL,
    engaged_sessions BIGINT NOT NULL,
    bounced_sessions BIGINT NOT NULL,
    page_views BIGINT NOT NULL,
    conversions BIGINT NOT NULL,
    timed_sessions BIGINT NOT NULL,
    timed_time INTERVAL NOT NULL,
    -- The visitors by their keys (visitor_key, below), each once; those that converted are in both
    visitors BIGINT[] NOT NULL,
    converting_visitors BIGINT[] NOT NULL,
    -- How long each session of two events or more lasted
    seconds DOUBLE PRECISION[] NOT NULL,
    -- How good the data is, as in session_facts
    all_events BIGINT NOT NULL,
    unsigned_events BIGINT NOT NULL,
    late_events BIGINT NOT NULL,
    corrected_events BIGINT NOT NULL,
    redacted_events BIGINT NOT NULL,
    truncated_events BIGINT NOT NULL,
    mended_events BIGINT NOT NULL,
    bot_events BIGINT NOT NULL,
    numbered_events BIGINT NOT NULL,
    missing_events BIGINT NOT NULL,
    PRIMARY KEY (day, starts_at, is_bot)
);

-- The days that have sums. They hold where changed_days does not have the day.
CREATE TABLE summed_days (
    day DATE PRIMARY KEY,
    summed_at TIMESTAMPTZ NOT NULL
);

-- Days whose facts have changed since they were summed, or that were never summed. A queue, to
-- which each statement that changes facts adds in its own transaction: so sums never hold that are
-- wrong, and nobody waits. Who sums a day takes its entries off before reading its facts; what was
-- not visible then leaves an entry behind.
CREATE TABLE changed_days (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day DATE NOT NULL
);
CREATE INDEX idx_changed_days ON changed_days (day);

CREATE FUNCTION utc_day(moment TIMESTAMPTZ) RETURNS DATE
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (moment AT TIME ZONE 'UTC')::date $$;

CREATE FUNCTION utc_midnight(day DATE) RETURNS TIMESTAMPTZ
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT day::timestamp AT TIME ZONE 'UTC' $$;

-- A visitor in eight bytes. That two of a million visitors have one key is as likely as 1 in 37
-- million.
CREATE FUNCTION visitor_key(visitor_id TEXT) RETURNS BIGINT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT hashtextextended(visitor_id, 0) $$;

-- With the rights of the owner: who may change facts need not know of sums.
CREATE FUNCTION note_changed_days() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO changed_days (day) SELECT DISTINCT utc_day(started_at) FROM touched_facts;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_days_of_insert AFTER INSERT ON session_facts
    REFERENCING NEW TABLE AS touched_facts
    FOR EACH STATEMENT EXECUTE FUNCTION note_changed_days();
CREATE TRIGGER note_days_before_update AFTER UPDATE ON session_facts
    REFERENCING OLD TABLE AS touched_facts
    FOR EACH STATEMENT EXECUTE FUNCTION note_changed_days();
CREATE TRIGGER note_days_after_update AFTER UPDATE ON session_facts
    REFERENCING NEW TABLE AS touched_facts
    FOR EACH STATEMENT EXECUTE FUNCTION note_changed_days();
CREATE TRIGGER note_days_of_delete AFTER DELETE ON session_facts
    REFERENCING OLD TABLE AS touched_facts
    FOR EACH STATEMENT EXECUTE FUNCTION note_changed_days();

CREATE FUNCTION forget_summed_days() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM summed_days;
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_summed_days AFTER TRUNCATE ON session_facts
    FOR EACH STATEMENT EXECUTE FUNCTION forget_summed_days();

INSERT INTO changed_days (day) SELECT DISTINCT utc_day(started_at) FROM session_facts;
