"""Conversions to ad platforms: their outbox in Postgres, and who sends it (docs/conversions.md)."""
