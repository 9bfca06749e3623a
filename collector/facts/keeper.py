"""Bringing the facts up to the events, again and again, beside the storing of events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from collector.background import Supervisor
from collector.facts.refresh import refresh
from collector.postgres.sessions import Connection

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
STATEMENT_SECONDS = 120

# The facts take at most a twentieth of the time of one Postgres backend: where they would take
# more, they are fewer seconds behind than events are delayed otherwise.
BUSY_SHARE = 0.05
# What there is to catch up with, as after the first start, may take a half.
CATCHING_UP_SHARE = 0.5

FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


@asynccontextmanager
async def run_facts(url: str, seconds: float, background: Supervisor) -> AsyncIterator[None]:
    """Keep the facts fresh, every so many seconds, for as long as the block runs; 0 is never."""
    if not seconds:
        yield
        return
    async with background.run("facts", lambda: keep_facts(url, seconds)):
        yield


async def keep_facts(url: str, seconds: float) -> None:
    """Refresh for ever. While Postgres cannot be used, try again each time."""
    while True:
        try:
            async with connect(url) as connection:
                while True:  # noqa: ASYNC110  # time is what it waits for
                    await asyncio.sleep(await step(connection, seconds))
        except FAILURES as error:
            logger.warning("the facts of sessions are not refreshed now: %s", error)
            await asyncio.sleep(seconds)


async def step(connection: Connection, seconds: float) -> float:
    """Take one step. Returns how long to pause after it."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    done = await refresh(connection)
    busy = loop.time() - begin
    if done is not None and done.complete_until is None:
        return busy * (1 / CATCHING_UP_SHARE - 1)
    return max(seconds, busy * (1 / BUSY_SHARE - 1))


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Connection]:
    """A connection of its own, given up at once at the end. Raises what asyncpg.connect raises.

    Nothing is prepared, and each step is one transaction: a pooler may lend the session.
    """
    connection = await asyncpg.connect(
        url, timeout=CONNECT_SECONDS, command_timeout=STATEMENT_SECONDS, statement_cache_size=0
    )
    try:
        yield connection
    finally:
        connection.terminate()
