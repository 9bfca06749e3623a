"""The way to the disk: events wait here until the sink or the spool has them."""
