"""The only module that talks SQL to Postgres while the collector serves."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import fields
from typing import Any
from uuid import UUID

import asyncpg

from collector.errors import StoreUnavailable
from collector.event import STAGE_ORDER, Event
from collector.funnel import FunnelChange, fold_events
from collector.sql import load_query

logger = logging.getLogger(__name__)

# The server or the way to it is gone, or has no room now (design: Durability):
# the event can be sent again. Anything else that Postgres says is our mistake.
UNAVAILABLE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # asyncpg's state after a connection broke in mid-statement
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
)

EVENT_COLUMNS = tuple(field.name for field in fields(Event))
CHANGE_COLUMNS = tuple(f.name for f in fields(FunnelChange) if f.name != "reached_at")


class Store:
    """Events and their funnel, in one transaction a batch."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], timeout_seconds: float) -> None:
        self._pool = pool
        self._timeout_seconds = timeout_seconds

    async def insert_events(self, events: Sequence[Event]) -> set[UUID]:
        """Store events that are not stored yet, and merge what they change in the funnel.

        Returns the ids that are new; the others were there before, and change nothing.
        Raises StoreUnavailable where Postgres cannot take them now.
        """
        with unavailable_as_503():
            async with asyncio.timeout(self._timeout_seconds), self._transaction() as connection:
                rows = await connection.fetch(load_query("insert_events"), *event_arrays(events))
                stored = {row["id"] for row in rows}
                changes = fold_events(e for e in events if e.id in stored)
                if changes:
                    await connection.execute(load_query("merge_funnel"), *change_arrays(changes))
        return stored

    async def ping(self) -> None:
        """Raises StoreUnavailable where Postgres does not answer, or has no tables yet."""
        with unavailable_as_503():
            async with asyncio.timeout(self._timeout_seconds):
                await self._pool.execute(load_query("ping"))

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        """A connection of the pool, in a transaction that commits at the end."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield connection


@asynccontextmanager
async def open_store(
    database_url: str, pool_size: int, timeout_seconds: float
) -> AsyncIterator[Store]:
    """A store whose connections are made when they are needed.

    So the collector starts while Postgres is away, and finds it when it is back.
    """
    pool = asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=pool_size,
        timeout=timeout_seconds,
        command_timeout=timeout_seconds,
        server_settings={"application_name": "conversion-tracking", "timezone": "UTC"},
        init=encode_json,
    )
    async with pool:
        yield Store(pool, timeout_seconds)


async def encode_json(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """JSON goes in as JSON, from dicts, never as str() of a dict."""
    await connection.set_type_codec(
        "jsonb", encoder=dump_json, decoder=json.loads, schema="pg_catalog"
    )


def dump_json(value: Mapping[str, Any] | Sequence[str]) -> str:
    """A storable value as JSON text; wire.py and fields.py made it storable."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@contextmanager
def unavailable_as_503() -> Iterator[None]:
    """Errors that pass, as the one error that says: send it again."""
    try:
        yield
    except UNAVAILABLE as error:
        if isinstance(error, ValueError):  # asyncpg's word for an argument of the wrong type
            raise
        logger.warning("Postgres cannot be used now: %s: %s", type(error).__name__, error)
        raise StoreUnavailable("The event cannot be stored now; send it again.") from error


def event_arrays(events: Sequence[Event]) -> list[list[Any]]:
    """One array a column, in the order of Event's fields and of insert_events.sql."""
    rows = [[getattr(event, name) for name in EVENT_COLUMNS] for event in events]
    return [list(column) for column in zip(*rows, strict=True)]


def change_arrays(changes: Sequence[FunnelChange]) -> list[list[Any]]:
    """One array a column, in the order of merge_funnel.sql: the stages' times come last."""
    columns = [[getattr(change, name) for change in changes] for name in CHANGE_COLUMNS]
    times = [[change.reached_at.get(stage) for change in changes] for stage in STAGE_ORDER]
    return columns + times
