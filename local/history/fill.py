"""Filling a database with traffic: events, orders, funnel, facts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from collector.facts.sums import sum_changed_days
from collector.postgres.migrate import migrate
from collector.sql import load_query, with_fragments
from local.history.rows import COLUMNS, join_lines
from local.history.traffic import Line, Traffic

QUERIES = Path(__file__).parent / "queries"

# What one piece of COPY, and one statement on sessions, has.
SLICE_LINES = 2_000
SLICE_SESSIONS = 10_000
STATEMENT_SECONDS = 3600.0

Say = Callable[[str], None]


class HistoryError(Exception):
    """The database cannot be filled. The message says why."""


async def fill_history(
    url: str, traffic: Traffic, say: Say, renew_before: datetime | None = None
) -> int:
    """Bring the schema up to date and store the traffic in it. Returns how many events.

    What it stores is what a collector would have stored. Events that are there already are thrown
    away where the last of them is from before `renew_before`. Raises HistoryError where the
    database holds others, and what asyncpg and `say` raise; then nothing is changed.
    """
    await migrate(url)
    async with connected(url) as connection:
        last = await connection.fetchval(read_query("last_event"))
        if last and (renew_before is None or last >= renew_before):
            raise HistoryError("the database holds events already; its traffic must be the first")
        # All or nothing: a history that was broken off would leave events without facts.
        async with connection.transaction():
            if last:
                say(f"what is there ends on {last:%Y-%m-%d}: it is made anew")
                await connection.execute(read_query("empty_history"))
            events = await store_history(connection, traffic, say)
        say("sums of the days")
        await sum_changed_days(connection)
        # Also marks pages that all may see, so that reports can read indexes alone.
        await connection.execute("VACUUM (ANALYZE)")
    return events


async def store_history(connection: Any, traffic: Traffic, say: Say) -> int:
    """Store the events, and what is computed from them. Returns how many events."""
    events = await copy_events(connection, traffic, say)
    # Without statistics Postgres joins what follows one row at a time.
    await connection.execute("ANALYZE conversion_events")
    say("orders, funnel and facts of the sessions")
    await connection.execute(read_query("count_orders"))
    await connection.execute("ANALYZE counted_orders")
    await compute_sessions(connection, say)
    await connection.execute(read_query("note_progress"))
    return events


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """A connection for long statements. Raises what asyncpg.connect raises."""
    # Nothing is prepared: from the sixth time on Postgres would plan for any number of sessions,
    # and join them one by one.
    connection = await asyncpg.connect(
        url, command_timeout=STATEMENT_SECONDS, statement_cache_size=0
    )
    try:
        # What is lost in a crash is made again.
        await connection.execute("SET synchronous_commit = off")
        await connection.execute("SET work_mem = '64MB'")
        yield connection
    finally:
        await connection.close()


async def copy_events(connection: Any, traffic: Traffic, say: Say) -> int:
    """Store the events, a COPY for each day."""
    events = 0
    for day, lines in enumerate(traffic.walk_days(), start=1):
        await connection.copy_to_table(
            "conversion_events", columns=COLUMNS, source=pieces(lines), format="text"
        )
        events += len(lines)
        say(f"day {day} of {traffic.days}, {events:,} events")
    return events


async def pieces(lines: list[Line]) -> AsyncIterator[bytes]:
    """The lines as COPY reads them; the loop has its turn in between."""
    for place in range(0, len(lines), SLICE_LINES):
        yield join_lines((template, ids) for _, template, ids in lines[place : place + SLICE_LINES])
        await asyncio.sleep(0)


async def compute_sessions(connection: Any, say: Say) -> None:
    """Compute the funnel and the facts of all sessions from their events."""
    rows = await connection.fetch(read_query("list_sessions"))
    sessions = [row["session_id"] for row in rows]
    for place, some in enumerate(slices(sessions), start=1):
        await connection.execute(load_query("rebuild_funnel"), some)
        await connection.execute(load_query("store_facts"), some)
        if place == 1:
            await connection.execute("ANALYZE conversion_funnel, session_facts")
        say(f"{min(place * SLICE_SESSIONS, len(sessions)):,} of {len(sessions):,} sessions")


def slices(sessions: list[str]) -> Iterable[list[str]]:
    """Some sessions at a time."""
    return (sessions[n : n + SLICE_SESSIONS] for n in range(0, len(sessions), SLICE_SESSIONS))


def read_query(name: str) -> str:
    """The text of queries/NAME.sql, with what it includes of db/queries."""
    return with_fragments("queries", (QUERIES / f"{name}.sql").read_text(encoding="utf-8"))
