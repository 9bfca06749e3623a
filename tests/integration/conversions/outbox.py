"""Events that are stored, and destinations that they are queued for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from uuid import UUID

from msgspec.structs import replace

from collector.conversions.destination import Destination
from collector.conversions.outbox import Outbox, save_destinations
from collector.event import Event
from collector.event_row import make_row
from collector.postgres.sessions import own_connection
from collector.postgres.store import open_store
from tests.support import Rows, fetch
from tests.unit.events import LEAST

GRANTED = {"ad_user_data": "granted"}


class Shop(Destination):
    """A destination of no real platform."""

    default_events: ClassVar[dict[str, str]] = {"purchase": "Purchase", "signup": "Lead"}


def shop(**fields: Any) -> Destination:
    """A destination whose orders wait for nothing."""
    return Shop(**{"platform": "meta", "order_wait_seconds": 0, **fields})


def purchase(number: int, **fields: Any) -> Event:
    """A purchase that may be told of: through the gateway, a person's, with consent."""
    told = {
        "id": UUID(int=number),
        "session_id": f"s{number}",
        "event_type": "purchase",
        "event_name": "Purchase",
        "stamp_verified": True,
        "converted": True,
        "consent": GRANTED,
        "sequence": 1,
    }
    return replace(LEAST, **{**told, **fields})


async def know(database: str, **destinations: Destination) -> None:
    """Make destinations known, as `deliver` does."""
    async with own_connection(database, "test") as connection:
        await save_destinations(connection, destinations)


async def store(database: str, *events: Event) -> None:
    """Store events in one batch."""
    async with open_store(database, pool_size=1, timeout_seconds=10) as store:
        await store.put_each([make_row(event) for event in events])


async def deliveries(database: str) -> Rows:
    """All deliveries, by the number of their event."""
    return await fetch(
        database, "SELECT * FROM deliveries ORDER BY destination, event_id, session_id"
    )


@asynccontextmanager
async def open_outbox(database: str, destination: str = "shop") -> AsyncIterator[Outbox]:
    """An outbox of a process of its own."""
    async with own_connection(database, "test") as connection:
        yield Outbox(connection, destination, HOLDER, has_whole_addresses=True)


HOLDER = UUID(int=77)
