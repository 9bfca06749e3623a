-- The salts of visitor ids that are good for a day (docs/privacy.md#visitors-without-cookies). Not
-- logged, so that no archive of WAL and no replica has a salt that is deleted here. After a crash of
-- Postgres the table is empty, and the day gets another salt.
CREATE UNLOGGED TABLE visitor_salts (
    day DATE PRIMARY KEY,
    salt BYTEA NOT NULL CHECK (octet_length(salt) = 32)
);
