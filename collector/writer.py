"""The only way to the store: `put` returns when the event is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum

from collector.errors import CollectorError
from collector.event import Event
from collector.store import Store


class PutResult(StrEnum):
    """What became of an event."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    SPOOLED = "spooled"


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

    async def put_all(self, events: Sequence[Event]) -> list[PutResult | CollectorError]:
        """What `put` says of each event, in their order; an error is an item as well."""
        return await asyncio.gather(*map(self._put_or_error, events))

    async def _put_or_error(self, event: Event) -> PutResult | CollectorError:
        try:
            return await self.put(event)
        except CollectorError as error:
            return error
