"""The SQL of rejected_events, for the collector that keeps them and the command that reads them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from collector.errors import FieldError
from collector.postgres.sessions import Sessions
from collector.postgres.store import close_pool
from collector.rejects.reject import Reject
from collector.sql import load_query

PAGE = 200  # rows that are read at once: 13 MB of bodies at most


@dataclass(frozen=True, slots=True)
class KeptReject:
    """A row of rejected_events as it stands in the table."""

    id: int
    reject: Reject
    replayed_at: datetime | None
    replay_result: str | None
    repeats: int = 0
    version: str = ""  # another one after each change of the row


@dataclass(frozen=True, slots=True)
class RejectFilter:
    """Which rows are meant; None means any."""

    reason: str | None = None
    field: str | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class RejectCount:
    """How many events broke the contract for this reason in this field."""

    reason: str
    field: str | None
    events: int
    first_at: datetime
    last_at: datetime


class RejectStore:
    """Rejected events in Postgres. Its methods raise what asyncpg raises."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], sessions: Sessions) -> None:
        self._pool = pool
        self._sessions = sessions

    async def insert(self, rejects: Sequence[Reject]) -> None:
        """Keep these; what was replayed, and comes as refused, is to be replayed again."""
        once = {reject.event_id: reject for reject in rejects}
        await self._fetch("insert_rejects", *reject_arrays(list(once.values())))

    async def count_repeats(self, counts: Mapping[UUID, int]) -> None:
        """Add to rows how many more of their kind came, by event_id."""
        await self._pool.execute(load_query("count_repeats"), list(counts), list(counts.values()))

    async def trim(self, days: int, max_bytes: int) -> int:
        """Delete the rows over this age, and the oldest while all are over this size."""
        return len(await self._fetch("trim_rejects", days, max_bytes))

    async def count(self, chosen: RejectFilter) -> list[RejectCount]:
        """How many there are, by reason and field, the most frequent first."""
        rows = await self._fetch("count_rejects", *arguments(chosen))
        return [RejectCount(**row) for row in rows]

    async def get(self, number: int) -> KeptReject | None:
        """The one with this id."""
        rows = await self._fetch("get_reject", number)
        return kept_reject(rows[0]) if rows else None

    async def select(
        self, chosen: RejectFilter, limit: int | None = None
    ) -> AsyncIterator[KeptReject]:
        """The newest first, all or so many; read page by page."""
        below: int | None = None
        while limit is None or limit > 0:
            size = PAGE if limit is None else min(limit, PAGE)
            rows = await self._fetch("list_rejects", *arguments(chosen), below, size)
            for row in rows:
                yield kept_reject(row)
            if len(rows) < size:
                return
            below = rows[-1]["id"]
            limit = None if limit is None else limit - size

    async def mark_replayed(self, kept: KeptReject, result: str) -> None:
        """Note that this one went through, with this result; not, where it has changed since it
        was read."""
        await self._fetch("mark_reject_replayed", kept.id, result, kept.version)

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows of a query, which is a transaction by itself."""
        async with self._pool.acquire() as connection, self._sessions.transaction(connection):
            return list(await connection.fetch(load_query(query), *arguments))


@asynccontextmanager
async def open_reject_store(
    database_url: str, timeout_seconds: float
) -> AsyncIterator[RejectStore]:
    """A store with one connection of its own, made when it is needed.

    So that rejected events never hold up good ones.
    """
    sessions = Sessions(timeout_seconds)
    pool = asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=1,
        timeout=timeout_seconds,
        command_timeout=timeout_seconds,
        connect=sessions.connect,
        server_settings={"application_name": "conversion-tracking rejects", "timezone": "UTC"},
    )
    await pool
    try:
        yield RejectStore(pool, sessions)
    finally:
        await close_pool(pool)


def reject_arrays(rejects: Sequence[Reject]) -> list[list[Any]]:
    """One array a column, in the order of insert_rejects.sql."""
    return [list(column) for column in zip(*map(row_of, rejects), strict=True)]


def row_of(reject: Reject) -> tuple[Any, ...]:
    """The values of a row, its errors as a JSON text."""
    errors = json.dumps([{"field": e.field, "message": e.message} for e in reject.errors])
    event_id, reason, message, _, *rest = astuple(reject)
    return (event_id, reason, message, errors, *rest)


def kept_reject(row: asyncpg.Record) -> KeptReject:
    """A row of list_rejects.sql."""
    fields = dict(row)
    names = ("id", "replayed_at", "replay_result", "repeats", "version")
    kept = {name: fields.pop(name) for name in names}
    errors = tuple(FieldError(**error) for error in json.loads(fields.pop("errors")))
    return KeptReject(reject=Reject(errors=errors, **fields), **kept)


def arguments(chosen: RejectFilter) -> tuple[str | None, str | None, bool]:
    """The first three parameters of count_rejects.sql and list_rejects.sql."""
    return (chosen.reason, chosen.field, chosen.replayed)
