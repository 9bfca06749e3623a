"""The salts of visitor ids that are good for a day, shared by all collectors in Postgres."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from collector.background import Supervisor
from collector.cookieless import Salts
from collector.postgres.refusals import FAILURES, describe
from collector.postgres.sessions import Connection, own_connection, transaction_on
from collector.sql import load_privacy

logger = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
RETRY_SECONDS = 2.0


@asynccontextmanager
async def run_salts(url: str, salts: Salts | None, background: Supervisor) -> AsyncIterator[None]:
    """Keep the salts of the days, where they are wanted, for as long as the block runs."""
    if salts is None:
        yield
        return
    async with background.run("salts", lambda: keep_salts(url, salts)):
        yield


async def keep_salts(url: str, salts: Salts) -> None:
    """Look again and again. While Postgres cannot be used, those that are known stay good."""
    failing = False
    while True:
        try:
            async with own_connection(url, "salts") as connection:
                await read_salts(connection, salts)
            failing = False
        except FAILURES as error:
            if not failing:  # one line an outage
                logger.warning(
                    "the salts of visitor ids cannot be read now; from the next day on events "
                    "have none: %s",
                    describe(error),
                )
            failing = True
        await asyncio.sleep(RETRY_SECONDS if failing else LOOK_SECONDS)


async def read_salts(connection: Connection, salts: Salts) -> None:
    """Make and delete what is to be, and know the rest. Raises what asyncpg raises."""
    async with transaction_on(connection):
        await connection.execute(load_privacy("delete_salts"))
        await connection.execute(load_privacy("make_salts"))
    rows = await connection.fetch(load_privacy("list_salts"))
    salts.replace({row["day"]: row["salt"] for row in rows})
