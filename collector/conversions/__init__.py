"""Conversions to ad platforms: the outbox in Postgres, who sends it, and to whom (docs/conversions.md)."""
