"""Refreshing and mending beside writers: nothing is lost, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from collector.event import Event, FunnelStage
from collector.event_row import make_row
from collector.facts.refresh import refresh
from collector.postgres.store import Store, open_store
from tests.integration.facts.following import (
    assert_all_follows,
    open_connection,
    refresh_until_now,
)
from tests.support import fetch
from tests.unit.events import event

WRITERS = 4
BATCHES = 40
BATCH = 25


async def test_refreshing_at_full_speed_beside_writers_loses_nothing(database: str) -> None:
    async with open_store(database, WRITERS, 60) as store, refreshing(database):
        await write_all(store)
    await assert_settled(database)
    [stored] = await fetch(database, "SELECT count(*) FROM conversion_events")
    assert stored["count"] == WRITERS * BATCHES * BATCH


async def test_events_may_be_changed_and_erased_beside_writers_and_readers(
    database: str,
) -> None:
    async with (
        open_store(database, WRITERS, 60) as store,
        refreshing(database),
        refreshing(database),  # as a second collector does
        changing(database),
    ):
        await write_all(store)
    await assert_settled(database)


async def assert_settled(database: str) -> None:
    """Once all is refreshed, every table is what the events say."""
    connection = await open_connection(database)
    await refresh_until_now(connection)
    await assert_all_follows(connection)
    await connection.close()


async def write_all(store: Store) -> None:
    """Several writers at once, whose sessions and orders are the same few."""
    await asyncio.gather(*(write(store, writer) for writer in range(WRITERS)))


async def write(store: Store, writer: int) -> None:
    chance = random.Random(writer)  # the same at every run
    for batch in range(BATCHES):
        first = 1 + (writer * BATCHES + batch) * BATCH
        rows = [make_row(some_event(chance, first + n)) for n in range(BATCH)]
        await store.insert_events(rows)


def some_event(chance: random.Random, number: int) -> Event:
    """A page view, or a purchase that several sessions report."""
    minute, session = chance.randrange(60), f"s{chance.randrange(30)}"
    if chance.random() < 0.6:
        return event(number, minute, session_id=session, is_bot=chance.random() < 0.2)
    return event(
        number,
        minute,
        session_id=session,
        funnel_stage=FunnelStage.COMPLETED_CHECKOUT,
        converted=True,
        order_id=f"R{chance.randrange(40)}",
        conversion_value=Decimal(chance.randrange(1, 9)),
        currency=chance.choice(["USD", "EUR"]),
    )


@asynccontextmanager
async def refreshing(database: str) -> AsyncIterator[None]:
    """One step after the other, for as long as the block runs."""
    connection = await open_connection(database)
    ended = asyncio.Event()

    async def run() -> None:
        while not ended.is_set():
            await refresh(connection)

    task = asyncio.create_task(run())
    try:
        yield
    finally:
        ended.set()
        await task
        await connection.close()


CHANGES = [
    "UPDATE conversion_events SET is_bot = NOT is_bot WHERE session_id = $1",
    "DELETE FROM conversion_events WHERE session_id = $1 AND NOT converted",
    "DELETE FROM conversion_events WHERE order_id = 'R' || substr($1, 2)",
    "UPDATE conversion_events SET conversion_value = 7 WHERE session_id = $1 AND converted",
]


@asynccontextmanager
async def changing(database: str) -> AsyncIterator[None]:
    """An operator changes and erases events, for as long as the block runs."""
    connection = await open_connection(database)
    ended = asyncio.Event()
    chance = random.Random()  # two of them must differ

    async def run() -> None:
        while not ended.is_set():
            async with connection.transaction():
                for _ in range(2):
                    session = f"s{chance.randrange(30)}"
                    await connection.execute(chance.choice(CHANGES), session)

    task = asyncio.create_task(run())
    try:
        yield
    finally:
        ended.set()
        await task
        await connection.close()
