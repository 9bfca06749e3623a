"""The only way to the store: `put` returns when the event is durable."""

from __future__ import annotations

from enum import StrEnum

from collector.event import Event
from collector.store import Store


class PutResult(StrEnum):
    """What became of an event."""

    STORED = "stored"
    DUPLICATE = "duplicate"


class Writer:
    """Writes each event in a transaction of its own, and answers when it is committed."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(self, event: Event) -> PutResult:
        """Store an event and move its funnel.

        Raises StoreUnavailable where Postgres cannot take it; nothing is stored then,
        or its answer was lost, and the same event_id may be sent again without harm.
        """
        stored = await self._store.insert_events([event])
        return PutResult.STORED if event.id in stored else PutResult.DUPLICATE
