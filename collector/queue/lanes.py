"""The streams of the queue, and on which subject of them an event goes. Pure.

Live events are shared out over partitions by their session, so that one consumer writes what
belongs together, and two do not wait for each other's rows of the funnel. Events that waited on
a disk go by a lane of their own: however many there are, live ones do not wait for them.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from collector.event_row import EventRow

# The number is fixed: consumers of two versions must agree on it.
PARTITIONS = 16


@dataclass(frozen=True, slots=True)
class Lane:
    """A stream of events, and the durable consumers that take them out of it."""

    stream: str
    prefix: str
    partitions: int

    @property
    def consumers(self) -> dict[str, str]:
        """The names of its durable consumers, each with the subject of its events."""
        return {f"partition-{n}": f"{self.prefix}.{n}" for n in range(self.partitions)}


LIVE = Lane("CT_EVENTS", "ct.events", PARTITIONS)
REPLAYS = Lane("CT_REPLAYS", "ct.replays", 1)
LANES = (LIVE, REPLAYS)


def subject_of(row: EventRow, lane: Lane) -> str:
    """Where an event goes in a lane: always the same for the same session."""
    return f"{lane.prefix}.{zlib.crc32(row.session_id.encode()) % lane.partitions}"
