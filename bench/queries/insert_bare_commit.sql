-- One of them.
-- Parameters: $1 its number.
INSERT INTO bare_commits (number) VALUES ($1::bigint);
