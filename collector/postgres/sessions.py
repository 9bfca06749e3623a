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

from collector.postgres.hosts import Hosts
from collector.sql import load_query

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# A statement that Postgres itself gives up leaves no backend behind that waits for a lock.
# It does so before the collector stops waiting, which is for a Postgres that hangs.
STATEMENT_TIMEOUT_SHARE = 0.9

# Of work beside the events.
CONNECT_SECONDS = 10.0
STATEMENT_SECONDS = 120


class Sessions:
    """Connections, and transactions on them in which our settings hold."""

    def __init__(self, timeout_seconds: float) -> None:
        self._statement_timeout = str(round(timeout_seconds * STATEMENT_TIMEOUT_SHARE * 1000))
        # Whether a pooler lends them, None while that is not known. Once lent, taken for lent for
        # ever: connections from before may be open still.
        self.lent: bool | None = None
        self._asking = asyncio.Lock()
        self._hosts = Hosts()

    async def connect(self, url: str, **options: Any) -> Connection:
        """A connection, for asyncpg.create_pool. Raises what asyncpg.connect raises."""
        try:
            async with self._asking:
                if self.lent is None:
                    self.lent = await are_lent(self._hosts, url, options["timeout"])
            return await self._hosts.connect(url, **self._options(options))
        except BaseException:
            self.lent = self.lent or None  # another server may answer the next time
            raise

    @asynccontextmanager
    async def transaction(self, connection: Connection) -> AsyncIterator[None]:
        """A statement in the block has our settings, which a lent session forgets.

        In a session of one's own it is a transaction by itself.
        """
        if not self.lent:
            yield
            return
        async with transaction_on(connection):
            await connection.fetch(load_query("set_in_transaction"), self._statement_timeout)
            yield

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
async def transaction_on(connection: Connection) -> AsyncIterator[None]:
    """A transaction. Raises what asyncpg raises.

    Another error than Postgres's, to be cancelled too, gives the connection up: to roll back would
    wait for as long as a statement may take where Postgres hangs.
    """
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    except asyncpg.PostgresError:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await transaction.rollback()
        raise
    except BaseException:
        connection.terminate()
        raise
    await transaction.commit()


@asynccontextmanager
async def own_connection(
    url: str, what_for: str, statement_seconds: float = STATEMENT_SECONDS
) -> AsyncIterator[Connection]:
    """A connection for work beside the events, given up at once at the end. Raises what
    asyncpg.connect raises.

    Nothing is prepared, and each step is one transaction: a pooler may lend the session.
    """
    connection = await Hosts().connect(
        url,
        timeout=CONNECT_SECONDS,
        command_timeout=statement_seconds,
        statement_cache_size=0,
        server_settings={"application_name": f"conversion-tracking {what_for}"},
    )
    try:
        yield connection
    finally:
        connection.terminate()


async def are_lent(hosts: Hosts, url: str, timeout_seconds: float) -> bool:
    """Whether a pooler stands before Postgres. Raises what asyncpg.connect and fetch raise.

    A pooler makes up the process that it says a connection has: it is not the one that answers.
    """
    connection = await hosts.connect(url, timeout=timeout_seconds, statement_cache_size=0)
    try:
        async with connection.transaction():
            process = await connection.fetchval(load_query("server_process"))
        return bool(process != connection.get_server_pid())
    finally:
        connection.terminate()
