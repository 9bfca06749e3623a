"""The way to the disk: events wait here until Postgres or the spool has them."""
