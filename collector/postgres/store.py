"""The only module that talks SQL to Postgres while the collector serves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from uuid import UUID

import asyncpg

from collector.errors import EventRefused, StoreUnavailable
from collector.event_row import EventRow, EventStatus, Outcome, join_rows
from collector.sql import load_query

logger = logging.getLogger(__name__)

# Postgres refuses a row: its values break a type, a constraint or a limit, or cannot be
# encoded (ValueError). The same row would be refused again.
REFUSED = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    asyncpg.RaiseError,  # a trigger of the deployment's own: it would hold up a replay for good
    asyncpg.WithCheckOptionViolationError,
    ValueError,
)

# Everything else is no fault of an event: the server or the way to it is gone, has no room
# or no rights, or asyncpg lost its state when a connection broke in mid-statement. The
# event can be sent again (docs/durability.md).
UNAVAILABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

# A statement that Postgres itself gives up leaves no backend behind that waits for a lock.
# It does so before the collector stops waiting, which is for a Postgres that hangs.
STATEMENT_TIMEOUT_SHARE = 0.9
# How long a Postgres that hangs may hold the end of the process.
CLOSE_SECONDS = 0.5


class Store:
    """Events and their funnel, in one transaction a batch."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], timeout_seconds: float) -> None:
        self._pool = pool
        self._timeout_seconds = timeout_seconds

    async def insert_events(self, rows: Sequence[EventRow]) -> set[UUID]:
        """Store events that are not stored yet, and merge what they change in the funnel.

        Of events with the same id the first counts. Returns the ids that are new; the
        others were there before, and change nothing.
        Raises EventRefused where Postgres refuses one of the rows: nothing is stored then.
        Raises StoreUnavailable where Postgres cannot take them now, or its answer was lost:
        they may be stored, and may be sent again without harm.
        """
        first = {row.id: row for row in reversed(rows)}
        with translated_errors():
            records = await self._fetch("insert_events", join_rows(first.values()))
        return {record["id"] for record in records}

    async def insert_each(self, rows: Sequence[EventRow]) -> list[Outcome]:
        """Store events as insert_events does, but each that Postgres refuses fails alone.

        Returns what became of each, in their order: STORED, DUPLICATE, or why it is refused.
        A refused batch is halved until the culprit stands alone: one bad row among 500
        costs 18 statements more. Raises StoreUnavailable; a part may be stored then, and
        the whole may be sent again without harm.
        """
        try:
            return statuses_of(rows, await self.insert_events(rows))
        except EventRefused as refusal:
            if len(rows) == 1:
                return [refusal]
        middle = len(rows) // 2
        first = await self.insert_each(rows[:middle])
        return first + await self.insert_each(rows[middle:])

    async def ping(self) -> None:
        """Raises StoreUnavailable where Postgres does not answer, or has no tables yet."""
        with translated_errors():
            await self._fetch("ping")

    def connections(self) -> int:
        """The open connections to Postgres."""
        return int(self._pool.get_size())

    def idle_connections(self) -> int:
        """Those of them that are not in use."""
        return int(self._pool.get_idle_size())

    async def _fetch(self, query: str, *arguments: object) -> list[Any]:
        """The rows of a query, which is a transaction by itself.

        A connection that failed is given up at once: to end it in good order would wait
        for a Postgres that may hang.
        """
        async with asyncio.timeout(self._timeout_seconds), self._pool.acquire() as connection:
            try:
                return list(await connection.fetch(load_query(query), *arguments))
            except REFUSED:
                raise
            except BaseException:
                connection.terminate()
                raise


def statuses_of(rows: Sequence[EventRow], new: set[UUID]) -> list[Outcome]:
    """What became of each event; of two with the same id in a batch, the first is the new one."""
    statuses: list[Outcome] = []
    new = set(new)
    for row in rows:
        statuses.append(EventStatus.STORED if row.id in new else EventStatus.DUPLICATE)
        new.discard(row.id)
    return statuses


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
        init=send_json_as_bytes,
        reset=keep_session,
        server_settings={
            "application_name": "conversion-tracking",
            "timezone": "UTC",
            "statement_timeout": str(round(timeout_seconds * STATEMENT_TIMEOUT_SHARE * 1000)),
        },
    )
    await pool
    try:
        yield Store(pool, timeout_seconds)
    finally:
        with suppress(TimeoutError):  # the pool drops its connections then
            async with asyncio.timeout(CLOSE_SECONDS):
                await pool.close()


async def send_json_as_bytes(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """A batch is made as bytes; as text it would be held again, in up to four bytes a letter."""
    await connection.set_type_codec(
        "json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary"
    )


async def keep_session(_connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Instead of asyncpg's reset, a round trip a batch: no query here leaves a state behind."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """The errors of Postgres as the two of ours; what is logged has no value of a row.

    Raises EventRefused for those of a row, StoreUnavailable for all others.
    """
    try:
        yield
    except REFUSED as error:
        raise EventRefused(describe(error)) from None
    except UNAVAILABLE as error:
        reason = describe(error)
        logger.warning("Postgres cannot be used now: %s", reason)
        message = "The event cannot be stored now; send it again."
        raise StoreUnavailable(message, reason=reason) from None


def describe(error: BaseException) -> str:
    """An error in words that name no value of a row, which may be a person's.

    DETAIL holds whole rows, so it is never used; the message of a class 22 error (data
    exception) may quote the value, and so may asyncpg's of an argument (ValueError).
    """
    words = [type(error).__name__]
    if isinstance(error, asyncpg.PostgresError):
        parts = ("sqlstate", "table_name", "column_name", "constraint_name")
        words += [f"{part} {value}" for part in parts if (value := getattr(error, part, None))]
    if not isinstance(error, asyncpg.DataError | ValueError):
        # str() of an error of Postgres would append DETAIL.
        words.append(error.args[0] if isinstance(error, asyncpg.PostgresError) else str(error))
    return ", ".join(word for word in words if word)
