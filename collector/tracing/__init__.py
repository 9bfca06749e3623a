"""Spans of requests and commits, by OpenTelemetry, where they are wanted (docs/tracing.md)."""
