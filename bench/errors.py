"""What can keep a benchmark from running."""

from __future__ import annotations


class BenchError(Exception):
    """A benchmark cannot run. The message says what is wrong, and what to do."""
