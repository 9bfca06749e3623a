-- Who was erased, so that nothing brings them back (docs/privacy.md#erasing-a-person).

-- A tombstone for each id of an erased person: its SHA-256, and not the id.
CREATE TABLE erased_ids (
    digest BYTEA PRIMARY KEY CHECK (octet_length(digest) = 32),    -- erasure_digest(kind, id)
    kind TEXT NOT NULL CHECK (kind IN ('user', 'visitor', 'session')),
    key BIGINT NOT NULL,    -- of the id, eight bytes: a visitor's is that of quarter_sums
    erased_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE FUNCTION erasure_digest(kind TEXT, id TEXT) RETURNS BYTEA
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256(convert_to(kind || ':' || id, 'UTF8'))
$$;

-- Which of 61,440 slots the keys of tombstones fall into, a bit each: so that an event of anybody
-- else is told from theirs without looking up its ids. No row while nobody was erased. As long as a
-- page holds, and not compressed, since each event looks at it.
CREATE TABLE erased_slots (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    slots BYTEA NOT NULL CHECK (octet_length(slots) = 7680)
);
ALTER TABLE erased_slots ALTER COLUMN slots SET STORAGE PLAIN;

CREATE FUNCTION erasure_slot(key BIGINT) RETURNS INTEGER
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT ((key & 9223372036854775807) % 61440)::integer $$;

CREATE FUNCTION note_erased_slots() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    filled BYTEA := decode(repeat('00', 7680), 'hex');
    slot INTEGER;
BEGIN
    DELETE FROM erased_slots;
    IF NOT EXISTS (SELECT FROM erased_ids) THEN
        RETURN NULL;
    END IF;
    FOR slot IN SELECT DISTINCT erasure_slot(key) FROM erased_ids LOOP
        filled := set_bit(filled, slot, 1);
    END LOOP;
    INSERT INTO erased_slots (slots) VALUES (filled);
    RETURN NULL;
END
$$;
CREATE TRIGGER note_erased_slots AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON erased_ids
    FOR EACH STATEMENT EXECUTE FUNCTION note_erased_slots();

-- Whether one of these ids is of somebody who was erased.
CREATE FUNCTION is_erased(slots BYTEA, session_id TEXT, visitor_id TEXT, user_id UUID)
RETURNS BOOLEAN
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    -- Written out, since a function here costs as much as all of it; visitor_key is of any id.
    IF get_bit(slots, ((hashtextextended(session_id, 0) & 9223372036854775807) % 61440)::integer) = 0
        AND (
            visitor_id IS NULL
            OR get_bit(
                slots, ((hashtextextended(visitor_id, 0) & 9223372036854775807) % 61440)::integer
            ) = 0
        )
        AND (
            user_id IS NULL
            OR get_bit(
                slots, ((hashtextextended(user_id::text, 0) & 9223372036854775807) % 61440)::integer
            ) = 0
        )
    THEN
        RETURN FALSE;
    END IF;
    RETURN EXISTS (
        SELECT
        FROM erased_ids
        WHERE digest IN (
            erasure_digest('session', session_id),
            erasure_digest('visitor', visitor_id),
            erasure_digest('user', user_id::text)
        )
    );
END
$$;

-- What each erasure did, without whom it was about.
CREATE TABLE erasures (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    erased_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    erased_by TEXT NOT NULL DEFAULT session_user,
    asked_by TEXT NOT NULL CHECK (asked_by IN ('user', 'visitor', 'session', 'email_hash', 'again')),
    counts JSONB NOT NULL CHECK (jsonb_typeof(counts) = 'object')
);
