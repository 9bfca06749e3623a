"""What the demo's pages show of the database: the last events, and the funnel of sessions."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from collector.event import FunnelStage
from collector.postgres.refusals import FAILURES

QUERIES = Path(__file__).parent / "queries"
EVENTS, SESSIONS = 50, 6  # as many as a person takes in
POOL_SIZE = 4
TIMEOUT_SECONDS = 5.0

Shown = dict[str, Any]


class FeedError(Exception):
    """Postgres does not answer, or has no tables. The message says what it said."""


@cache
def load_query(name: str) -> str:
    """The text of queries/NAME.sql."""
    return (QUERIES / f"{name}.sql").read_text(encoding="utf-8")


def show_event(row: Mapping[str, Any]) -> Shown:
    """An event as JSON: money as text, so that no digit is lost, and times in ISO 8601."""
    return {name: show_value(value) for name, value in row.items()}


def show_session(row: Mapping[str, Any]) -> Shown:
    """A session as JSON: its stages in their order, each with the time it was reached, or null."""
    reached = {stage: show_value(row[f"{stage}_at"]) for stage in FunnelStage}
    others = {name: show_value(value) for name, value in row.items() if name[:-3] not in reached}
    return {**others, "stages": [{"stage": s, "reached_at": at} for s, at in reached.items()]}


def show_value(value: object) -> object:
    """A column's value as JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int) else str(value)


class Feed:
    """Reads what the pages show. All raise FeedError."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def last_events(self) -> list[Shown]:
        """The last events, the newest first."""
        return [show_event(row) for row in await self._fetch("last_events", EVENTS)]

    async def event(self, session_id: str, event_id: UUID) -> Shown | None:
        """All that is stored of one event, by the names of its columns, or none."""
        rows = await self._fetch("event", session_id, event_id)
        return dict(sorted(json.loads(rows[0]["event"]).items())) if rows else None

    async def last_sessions(self) -> list[Shown]:
        """The sessions that began last, the newest first."""
        return [show_session(row) for row in await self._fetch("last_sessions", SESSIONS)]

    async def session(self, session_id: str) -> Shown | None:
        """One session, or none where no event of it moved the funnel."""
        rows = await self._fetch("session", session_id)
        return show_session(rows[0]) if rows else None

    async def _fetch(self, query: str, *arguments: object) -> list[Mapping[str, Any]]:
        try:
            async with self._pool.acquire() as connection:
                return await _fetch_or_give_up(connection, load_query(query), *arguments)
        except FAILURES as error:
            raise FeedError(f"Postgres does not answer: {error or type(error).__name__}") from error


async def _fetch_or_give_up(
    connection: Any, query: str, *arguments: object
) -> list[Mapping[str, Any]]:
    """The rows; a connection that failed, perhaps in mid-statement, is not used again."""
    try:
        rows: list[Mapping[str, Any]] = await connection.fetch(query, *arguments)
    except FAILURES:
        connection.terminate()
        raise
    return rows


@asynccontextmanager
async def open_feed(database_url: str) -> AsyncIterator[Feed]:
    """A feed, for as long as the block runs. It connects when it is first asked."""
    async with asyncpg.create_pool(
        database_url, min_size=0, max_size=POOL_SIZE, command_timeout=TIMEOUT_SECONDS
    ) as pool:
        yield Feed(pool)
