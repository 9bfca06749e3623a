"""The disk that events wait on while Postgres cannot be used."""
