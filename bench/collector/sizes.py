"""How long the long rows are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the options say of it."""

    memory_events: int
    table_rows: int
    rounds: int
    seconds: int
    connections: int
