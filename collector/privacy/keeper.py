"""Retention beside the requests: once an hour, by one of the collectors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from collector.background import Supervisor
from collector.postgres.refusals import FAILURES, describe
from collector.postgres.sessions import Connection, own_connection
from collector.privacy.retention import (
    FROM_THE_FIRST,
    CountRows,
    Retention,
    RetentionBusy,
    ages_of,
    find_cutoffs,
)
from collector.settings import Settings
from collector.sql import load_privacy

logger = logging.getLogger(__name__)

# How often each collector looks whether a run is due.
LOOK_SECONDS = 60.0
# How often it gives up what waits too long for an ad platform, where nothing else goes for its age.
GIVE_UP_SECONDS = 3_600.0


@dataclass(slots=True)
class RetentionState:
    """What is known of the last run, whichever collector's it was."""

    started_at: datetime
    ran_at: datetime | None = None
    oldest_seconds: float = 0

    def age_seconds(self, now: datetime) -> float:
        """How long ago a run took all away that was too old; since the start, if none did."""
        return max((now - (self.ran_at or self.started_at)).total_seconds(), 0)


@asynccontextmanager
async def run_retention(
    settings: Settings, background: Supervisor, state: RetentionState, count: CountRows
) -> AsyncIterator[None]:
    """Take away what is too old for as long as the block runs: what the settings want, and what
    waits too long for an ad platform in any case."""
    async with background.run("retention", lambda: keep_retention(settings, state, count)):
        yield


async def keep_retention(settings: Settings, state: RetentionState, count: CountRows) -> None:
    """Look again and again. While Postgres cannot be used, try each time."""
    failing = False
    look_seconds = LOOK_SECONDS if settings.has_retention else GIVE_UP_SECONDS
    if not settings.has_retention:
        await asyncio.sleep(LOOK_SECONDS)  # it can wait until the collector has begun
    while True:
        try:
            async with own_connection(settings.database_url, "retention") as connection:
                if settings.has_retention:
                    await run_if_due(connection, settings, state, count)
                else:
                    await give_up_waiting(connection, settings, count)
            failing = False
        except RetentionBusy:
            pass
        except FAILURES as error:
            if not failing:  # one line an outage
                logger.warning("what is too old is not taken away now: %s", describe(error))
            failing = True
        await asyncio.sleep(look_seconds)


async def give_up_waiting(connection: Connection, settings: Settings, count: CountRows) -> None:
    """What waits too long for an ad platform alone. Raises RetentionBusy, and what asyncpg
    raises."""
    cutoffs = await find_cutoffs(connection, ages_of(settings))
    await Retention(connection, cutoffs, count, has_facts=False).give_up_waiting()


async def run_if_due(
    connection: Connection, settings: Settings, state: RetentionState, count: CountRows
) -> None:
    """Run where the last run is an hour ago. Raises RetentionBusy, and what asyncpg raises."""
    ages = ages_of(settings)
    cutoffs = await find_cutoffs(connection, ages)
    if cutoffs.is_due:
        retention = Retention(connection, cutoffs, count, has_facts=settings.facts_seconds > 0)
        await retention.run(cutoffs.addresses_until)
        cutoffs = await find_cutoffs(connection, ages)
    state.ran_at = None if cutoffs.ran_at == FROM_THE_FIRST else cutoffs.ran_at
    state.oldest_seconds = await connection.fetchval(load_privacy("oldest"))
