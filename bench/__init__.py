"""Benchmarks of the gateway's plugin and of the collector (docs/benchmarks.md)."""
