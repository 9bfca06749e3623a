"""Sessions of Postgres: one's own, or those that a pooler lends.

A pooler in transaction mode, such as PgBouncer, gives each transaction whichever session is
free. It refuses most settings of a session, or ignores them, and what one transaction
prepared or locked is not there for the next. Whether there is one is found out: behind it
everything runs in transactions that begin with the settings, and nothing is prepared.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias

import asyncpg

from collector.sql import load_query

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# A statement that Postgres itself gives up leaves no backend behind that waits for a lock.
# It does so before the collector stops waiting, which is for a Postgres that hangs.
STATEMENT_TIMEOUT_SHARE = 0.9


class Sessions:
    """Connections, and transactions on them in which our settings hold."""

    def __init__(self, timeout_seconds: float) -> None:
        self._statement_timeout = str(round(timeout_seconds * STATEMENT_TIMEOUT_SHARE * 1000))
        # Whether a pooler lends them, None while that is not known. Once lent, taken for lent for
        # ever: connections from before may be open still.
        self.lent: bool | None = None
        self._asking = asyncio.Lock()

    async def connect(self, url: str, **options: Any) -> Connection:
        """A connection, for asyncpg.create_pool. Raises what asyncpg.connect raises."""
        try:
            async with self._asking:
                if self.lent is None:
                    self.lent = await are_lent(url, options["timeout"])
            return await asyncpg.connect(url, **self._options(options))
        except BaseException:
            self.lent = self.lent or None  # another server may answer the next time
            raise

    @asynccontextmanager
    async def transaction(self, connection: Connection) -> AsyncIterator[None]:
        """A statement in the block has our settings, which a lent session forgets.

        In a session of one's own it is a transaction by itself. Another error than Postgres's
        gives the connection up: to wait for its end might take long.
        """
        if not self.lent:
            yield
            return
        await connection.execute("BEGIN")
        try:
            await connection.fetch(load_query("set_in_transaction"), self._statement_timeout)
            yield
        except asyncpg.PostgresError:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.execute("ROLLBACK")
            raise
        except BaseException:
            connection.terminate()
            raise
        await connection.execute("COMMIT")

    def _options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options of a connection, with the settings where they can be a session's."""
        if self.lent:
            return {**options, "statement_cache_size": 0}
        own = {
            "synchronous_commit": "on",  # whatever is the server's default: a 200 is a promise
            "statement_timeout": self._statement_timeout,
        }
        return {**options, "server_settings": {**options["server_settings"], **own}}


@asynccontextmanager
async def own_transaction(connection: Connection) -> AsyncIterator[None]:
    """A transaction on a connection of one's own.

    Who is cancelled in it gives the connection up: to roll back would wait for as long as a
    statement may take where Postgres hangs, and a collector that is to end would not. Raises what
    asyncpg raises.
    """
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    except asyncio.CancelledError:
        connection.terminate()
        raise
    except BaseException:
        await transaction.rollback()
        raise
    await transaction.commit()


async def are_lent(url: str, timeout_seconds: float) -> bool:
    """Whether a pooler stands before Postgres. Raises what asyncpg.connect and fetch raise.

    A pooler makes up the process that it says a connection has: it is not the one that answers.
    """
    connection = await asyncpg.connect(url, timeout=timeout_seconds, statement_cache_size=0)
    try:
        async with connection.transaction():
            process = await connection.fetchval(load_query("server_process"))
        return bool(process != connection.get_server_pid())
    finally:
        connection.terminate()
