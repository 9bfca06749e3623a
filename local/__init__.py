"""The whole system on one machine, without Docker. For development and tests."""
