"""The only module that talks SQL to Postgres while the collector serves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from collector.errors import CollectorError, EventRefused, OperatorError, StoreUnavailable
from collector.event_row import EventKey, EventRow, EventStatus, Outcome, join_rows
from collector.postgres.refusals import FAILURES, describe, may_refuse_row, refuses_row
from collector.postgres.schema import describe_schema
from collector.postgres.sessions import Connection, Sessions
from collector.sql import load_query

logger = logging.getLogger(__name__)

# How long a Postgres that hangs may hold the begin and the end of the process.
CHECK_SECONDS = 2.0
CLOSE_SECONDS = 0.5

# The statement that stores events, and the one that queues them for destinations too.
INSERTION = "insert_events"
QUEUEING_INSERTION = "insert_events_and_deliveries"

UNAVAILABLE = "The event cannot be stored now; send it again."


class UnfitDatabase(OperatorError):
    """The database cannot hold what visitors send. The message says why, and what to do."""


class UnexplainedFailure(StoreUnavailable):
    """Postgres failed a statement, and does not say whether a row is to blame."""


class Store:
    """Events and their funnel, in one transaction a batch: the sink of events."""

    def __init__(
        self, pool: asyncpg.Pool[asyncpg.Record], sessions: Sessions, timeout_seconds: float
    ) -> None:
        self._pool = pool
        self._sessions = sessions
        self._timeout_seconds = timeout_seconds
        self._insertion = INSERTION

    async def insert_events(self, rows: Sequence[EventRow]) -> set[EventKey]:
        """Store events that are not stored yet, and merge what they change in the funnel.

        Of events with the same key the first counts. Returns the keys that are new; the
        others were there before, or are of people who were erased, and change nothing.
        Raises EventRefused where Postgres refuses one of the rows: nothing is stored then.
        Raises StoreUnavailable where Postgres cannot take them now, or its answer was lost:
        they may be stored, and may be sent again without harm.
        """
        first = {row.key: row for row in reversed(rows)}
        events = join_rows(first.values())
        found = await self._fetch(self._insertion, events)
        if found and found[-1]["id"] is None:  # destinations have come, and nothing is stored
            self._insertion = QUEUEING_INSERTION
            found = await self._fetch(self._insertion, events)
        return keys_of(found)

    async def put_each(self, rows: Sequence[EventRow]) -> list[Outcome]:
        """Store events as insert_events does, but each that Postgres refuses fails alone.

        Returns what became of each, in their order: STORED, DUPLICATE, ERASED, or why it is
        refused.
        However many rows of a batch are bad, that takes three statements. An error that
        nobody knows, such as a trigger's own, is a row's where other rows pass. Raises
        StoreUnavailable; a part may be stored then, and the whole may be sent again
        without harm.
        """
        try:
            return await self._insert(rows)
        except EventRefused as refusal:
            if len(rows) == 1:
                return [refusal]
            unexplained = None
        except UnexplainedFailure as failure:
            unexplained = failure
        refused = await self._find_refused(rows) if len(rows) > 1 else {}
        if unexplained and len(refused) in (0, len(rows)):
            raise unexplained
        passing = [row for place, row in enumerate(rows) if place not in refused]
        passed = iter(await self._insert_passing(passing))
        return [refused.get(place) or next(passed) for place in range(len(rows))]

    async def _insert(self, rows: Sequence[EventRow]) -> list[Outcome]:
        """What became of each of the events. Raises as insert_events does."""
        new = await self.insert_events(rows)
        if len(new) == len(rows):  # nearly always
            return [EventStatus.STORED] * len(rows)
        old = {row.key for row in rows} - new
        if not old:  # two have the same key
            return statuses_of(rows, new, old, set())
        # ON CONFLICT passes over a conflict with any unique constraint, also a deployment's own.
        stored = await self._find_stored(old)
        return statuses_of(rows, new, stored, await self._find_erased(rows, old - stored))

    async def _find_stored(self, keys: Collection[EventKey]) -> set[EventKey]:
        """Which of these events are stored."""
        sessions, ids = zip(*keys, strict=True)
        return keys_of(await self._fetch("stored_ids", sessions, ids))

    async def _find_erased(
        self, rows: Sequence[EventRow], keys: Collection[EventKey]
    ) -> set[EventKey]:
        """Which of the events with these keys are left out, since a person was erased."""
        if not keys:
            return set()
        left_out = join_rows(row for row in rows if row.key in keys)
        return keys_of(await self._fetch("erased_ids", left_out))

    async def _insert_passing(self, rows: Sequence[EventRow]) -> list[Outcome]:
        """Store events that pass each by itself; where they do not pass together, one by one."""
        if not rows:
            return []
        try:
            return await self._insert(rows)
        except (EventRefused, UnexplainedFailure):
            if len(rows) == 1:
                raise
        return [outcome for row in rows for outcome in await self.put_each([row])]

    async def _find_refused(self, rows: Sequence[EventRow]) -> dict[int, EventRefused]:
        """Which rows of a batch Postgres refuses, by their place in it, and why.

        Raises StoreUnavailable where it is not the rows that fail.
        """
        statement = load_query(self._insertion).rstrip().removesuffix(";")
        refused = {}
        for place, sqlstate, *names in await self._fetch(
            "find_refused_events", statement, join_rows(rows)
        ):
            reason = " ".join(["sqlstate", sqlstate, *filter(None, names)])
            if not may_refuse_row(sqlstate):
                raise StoreUnavailable(UNAVAILABLE, reason=reason)
            refused[place] = EventRefused(reason)
        return refused

    async def ping(self) -> None:
        """Raises StoreUnavailable where Postgres does not answer, or has no tables yet."""
        await self._fetch("ping")

    async def describe_schema(self) -> str | None:
        """What is to be done where the database lacks migrations; None where it has all.

        Also None where that cannot be seen: Postgres is away, or the role may not look.
        """
        try:
            async with asyncio.timeout(CHECK_SECONDS), self._pool.acquire() as connection:
                return describe_schema(await applied_migrations(connection, self._sessions))
        except Exception:  # noqa: BLE001  # ping says what is wrong with Postgres
            return None

    def connections(self) -> int:
        """The open connections to Postgres."""
        return int(self._pool.get_size())

    def idle_connections(self) -> int:
        """Those of them that are not in use."""
        return int(self._pool.get_idle_size())

    async def _fetch(self, query: str, *arguments: object) -> list[Any]:
        """The rows of a query, which is a transaction by itself.

        Raises EventRefused where Postgres refuses a value in it, UnexplainedFailure where it
        may, StoreUnavailable for everything else: nothing but Postgres's own word on a
        statement can refuse an event.
        """
        try:
            async with asyncio.timeout(self._timeout_seconds), self._pool.acquire() as connection:
                return await fetch(connection, self._sessions, query, arguments)
        except CollectorError:
            raise
        except Exception as error:  # noqa: BLE001  # one nobody thought of must lose no event
            unexpected = None if isinstance(error, FAILURES) else error
            raise unavailable(describe(error), unexpected) from None


async def fetch(
    connection: Connection, sessions: Sessions, query: str, arguments: Sequence[object]
) -> list[Any]:
    """The rows of a query on a connection, which failed ones give up at once.

    To end it in good order would wait for a Postgres that may hang. Raises EventRefused and
    UnexplainedFailure, after which the connection is as good as before; else what failed.
    """
    try:
        if not sessions.lent:  # the usual way, without what a transaction costs here
            return list(await connection.fetch(load_query(query), *arguments))
        async with sessions.transaction(connection):
            return list(await connection.fetch(load_query(query), *arguments))
    except asyncpg.PostgresError as error:
        sqlstate = error.sqlstate or ""
        if refuses_row(sqlstate):
            raise EventRefused(describe(error)) from None
        if may_refuse_row(sqlstate):
            raise unavailable(describe(error), kind=UnexplainedFailure) from None
        connection.terminate()
        raise
    except BaseException:
        connection.terminate()
        raise


def unavailable(
    reason: str,
    unexpected: Exception | None = None,
    kind: type[StoreUnavailable] = StoreUnavailable,
) -> StoreUnavailable:
    """The error for a Postgres that cannot be used; the log gets why, without a row's value."""
    logger.warning("Postgres cannot be used now: %s", reason, exc_info=unexpected)
    return kind(UNAVAILABLE, reason=reason)


def keys_of(records: Iterable[Any]) -> set[EventKey]:
    """The keys of records with session_id and id, in this order."""
    return {EventKey(*record) for record in records}


def statuses_of(
    rows: Sequence[EventRow],
    new: Collection[EventKey],
    stored: Collection[EventKey],
    erased: Collection[EventKey],
) -> list[Outcome]:
    """What became of each event; of two with the same key in a batch, the first is the new one.

    `stored` are keys that were there before, `erased` those of people who were erased. What is
    none of these was swallowed by a unique constraint that is not the key's.
    """
    statuses: list[Outcome] = []
    left = set(new)
    for row in rows:
        key = row.key
        if key in left:
            left.remove(key)
            statuses.append(EventStatus.STORED)
        elif key in new or key in stored:
            statuses.append(EventStatus.DUPLICATE)
        elif key in erased:
            statuses.append(EventStatus.ERASED)
        else:
            statuses.append(EventRefused("it conflicts with a unique constraint, not by its id"))
    return statuses


@asynccontextmanager
async def open_store(
    database_url: str, pool_size: int, timeout_seconds: float
) -> AsyncIterator[Store]:
    """A store whose connections are made when they are needed.

    So the collector starts while Postgres is away, and finds it when it is back. Raises
    UnfitDatabase where it is there, and cannot hold what visitors send.
    """
    sessions = Sessions(timeout_seconds)
    pool = asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=pool_size,
        timeout=timeout_seconds,
        command_timeout=timeout_seconds,
        # Any statement is planned once a connection; asyncpg would do so up to 15 KiB of text.
        max_cacheable_statement_size=0,
        connect=sessions.connect,
        init=prepare_connection,
        reset=keep_session,
        # These two a pooler carries over from session to session; sessions has the others.
        server_settings={"application_name": "conversion-tracking", "timezone": "UTC"},
    )
    await pool
    await check_server(pool, sessions, min(timeout_seconds, CHECK_SECONDS))
    try:
        yield Store(pool, sessions, timeout_seconds)
    finally:
        await close_pool(pool)


async def close_pool(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    """Close its connections; those to a Postgres that hangs are dropped."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await pool.close()


async def check_server(
    pool: asyncpg.Pool[asyncpg.Record], sessions: Sessions, timeout_seconds: float
) -> None:
    """Look at the server once, and warn of one that loses commits in a power cut.

    Raises UnfitDatabase. A Postgres that is away is no fault: it is looked at no more.
    """
    try:
        async with asyncio.timeout(timeout_seconds), pool.acquire() as connection:
            [found] = await fetch(connection, sessions, "server_settings", ())
            await warn_of_older_schema(connection, sessions)
    except UnfitDatabase:
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, events go to the spool
        logger.warning("Postgres cannot be used now: %s", describe(error))
        return
    for setting in ("fsync", "full_page_writes"):
        if found[setting] == "off":
            logger.warning(
                "this Postgres has %s off: a power cut loses events that were answered with 200",
                setting,
            )


async def warn_of_older_schema(connection: Connection, sessions: Sessions) -> None:
    """Say which migrations are missing, where the role may look. Raises what asyncpg raises."""
    with suppress(asyncpg.InsufficientPrivilegeError):
        lacking = describe_schema(await applied_migrations(connection, sessions))
        if lacking:
            logger.error(lacking)


async def applied_migrations(connection: Connection, sessions: Sessions) -> set[int]:
    """Their numbers; none where the database has no tables yet. Raises what asyncpg raises.

    After an error of Postgres's, such as of rights, the connection is as good as before.
    """
    try:
        async with sessions.transaction(connection):
            rows = await connection.fetch(load_query("list_migrations"))
    except asyncpg.UndefinedTableError:
        return set()
    except asyncpg.PostgresError:
        raise
    except BaseException:
        connection.terminate()
        raise
    return {row["version"] for row in rows}


async def prepare_connection(connection: Connection) -> None:
    """What each new connection needs. Raises UnfitDatabase.

    A batch is made as bytes; as text it would be held again, in up to four bytes a letter.
    """
    refuse_other_encoding(connection)
    async with connection.transaction():  # it asks Postgres for the type, in two steps
        await connection.set_type_codec(
            "json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary"
        )


def refuse_other_encoding(connection: Connection) -> None:
    """Raises UnfitDatabase where the database cannot hold every text."""
    encoding = connection.get_settings().server_encoding
    if encoding != "UTF8":
        raise UnfitDatabase(
            f"the database of CT_DATABASE_URL has the encoding {encoding}, which cannot hold "
            "what visitors send; create it with ENCODING 'UTF8' TEMPLATE template0"
        )


async def keep_session(_connection: Connection) -> None:
    """Instead of asyncpg's reset, a round trip a batch: no query here leaves a state behind."""
