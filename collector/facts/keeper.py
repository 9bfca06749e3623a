"""Bringing the facts up to the events, again and again, beside the storing of events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from collector.background import Supervisor
from collector.facts.refresh import refresh
from collector.facts.sums import sum_changed_day
from collector.postgres.refusals import FAILURES, describe
from collector.postgres.sessions import Connection, own_connection
from collector.sql import load_query

logger = logging.getLogger(__name__)

# The facts take at most a twentieth of the time of one Postgres backend: where they would take
# more, they are further behind.
BUSY_SHARE = 0.05
# Where they are far behind, as after the first start, they may take a half.
CATCHING_UP_SHARE = 0.5


class Freshness:
    """How far the facts are, as this process knows; from its start on, until it does."""

    def __init__(self, started_at: datetime) -> None:
        self.complete_until = started_at

    def age_seconds(self, now: datetime) -> float:
        """How far the facts are behind."""
        return max((now - self.complete_until).total_seconds(), 0)


@asynccontextmanager
async def run_facts(
    url: str, seconds: float, background: Supervisor, freshness: Freshness
) -> AsyncIterator[None]:
    """Keep the facts fresh, every so many seconds, for as long as the block runs; 0 is never."""
    if not seconds:
        yield
        return
    async with background.run("facts", lambda: keep_facts(url, seconds, freshness)):
        yield


async def keep_facts(url: str, seconds: float, freshness: Freshness) -> None:
    """Refresh for ever. While Postgres cannot be used, try again each time."""
    failing = False
    while True:
        try:
            async with own_connection(url, "facts") as connection:
                while True:
                    pause = await step(connection, seconds, freshness)
                    failing = False
                    await asyncio.sleep(pause)
        except FAILURES as error:
            if not failing:  # one line an outage
                logger.warning("the facts of sessions are not refreshed now: %s", describe(error))
            failing = True
            await asyncio.sleep(seconds)


async def step(connection: Connection, seconds: float, freshness: Freshness) -> float:
    """Take one step. Returns how long to pause after it. Raises what asyncpg raises."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    done = await refresh(connection)
    if done is not None and done.complete_until is None:
        busy = loop.time() - begin
        return pause_after(busy, CATCHING_UP_SHARE if done.is_far_behind else BUSY_SHARE)
    await sum_changed_day(connection)
    busy = loop.time() - begin
    until = done.complete_until if done else await connection.fetchval(load_query("facts_as_of"))
    if until is not None:
        freshness.complete_until = until
    return max(seconds, pause_after(busy, BUSY_SHARE))


def pause_after(busy_seconds: float, share: float) -> float:
    """The pause after which so many busy seconds were no more than this share of all."""
    return busy_seconds * (1 / share - 1)
