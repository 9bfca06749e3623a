"""The seam at the end of an event's way: what makes a batch of events durable.

There are two: Postgres (postgres/store.py), and the queue before it (queue/sink.py). The spool
stands behind whichever it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from collector.event_row import EventRow, Outcome


class Sink(Protocol):
    """Where the writer and the spool's replayer put events. Putting one again is harmless."""

    async def put_each(self, rows: Sequence[EventRow]) -> list[Outcome]:
        """Make events durable; one that is refused fails alone.

        Returns what became of each, in their order. Raises StoreUnavailable where it is not
        known of all of them: the whole may be put again.
        """
        ...

    async def ping(self) -> None:
        """Raises StoreUnavailable where no events can be put now."""
        ...

    async def describe_schema(self) -> str | None:
        """What is to be done where its tables lack migrations; None where nothing is known of
        any that are missing."""
        ...
