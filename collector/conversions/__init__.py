"""Conversions to ad platforms: the outbox, who sends it, to whom (docs/conversions.md)."""
