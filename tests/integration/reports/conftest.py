"""Few events whose answers are worked out by hand, stored by the real store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any, TypeAlias

import asyncpg
import pytest

from collector.event import Event
from collector.event_row import make_row
from collector.facts.refresh import refresh_all
from collector.postgres.store import open_store
from collector.reports.answer import Answer
from collector.reports.ask import ask
from collector.reports.reading import Asked, read_question
from collector.sql import load_query
from tests.unit.events import NOON

# When the questions of the tests are asked.
NOW = NOON + timedelta(hours=6)

Ask: TypeAlias = Callable[..., Awaitable[Answer]]


async def store(database: str, events: Iterable[Event]) -> None:
    """Store events, and compute the facts of their sessions."""
    async with open_store(database, 1, 30) as postgres:
        await postgres.insert_events([make_row(event) for event in events])
    connection = await asyncpg.connect(database)
    try:
        stored_at = await connection.fetchval("SELECT clock_timestamp()")
        while (as_of := await connection.fetchval(load_query("facts_as_of"))) is None or (
            as_of < stored_at  # events are looked at when they are a tenth of a second old
        ):
            await refresh_all(connection)
    finally:
        await connection.close()


@pytest.fixture
def report(database: str) -> Ask:
    """Ask a report of what is stored: `await report("channels", range="today")`."""

    async def ask_report(name: str, **asked: Any) -> Answer:
        question = read_question(Asked(name, **{"range": "today", **asked}), NOW)
        connection = await asyncpg.connect(database)
        try:
            return await ask(connection, question)
        finally:
            await connection.close()

    return ask_report


def cells(answer: Answer, *columns: str) -> list[tuple[Any, ...]]:
    """The rows of an answer: their names, where they have them, and some columns."""
    names = ("name",) if answer.question.names else ()
    return [tuple(row[column] for column in (*names, *columns)) for row in answer.rows]
