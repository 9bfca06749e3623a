"""What may happen to a Postgres, made to happen to a real one."""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from uuid import UUID

import asyncpg

from local.postgres import PostgresServer, database_url, pg_ctl, start_again
from tests.own_postgres import kill, send
from tests.processes import pausing
from tests.support import execute


def kill_9(server: PostgresServer) -> None:
    """SIGKILL to all of it at once, as when the machine's memory is gone.

    Where nobody takes note of dead processes (a container without an init) the old
    postmaster still has its process id, and a new one would take that for a running one:
    its lock files are removed, as is done by hand then.
    """
    kill(server)
    for lock in (server.pgdata / "postmaster.pid", *server.pgdata.glob(".s.PGSQL.*.lock")):
        lock.unlink()


@contextmanager
def hanging(server: PostgresServer) -> Iterator[None]:
    """It accepts connections, since the kernel does, and answers nothing."""
    send(server, signal.SIGSTOP)
    try:
        yield
    finally:
        send(server, signal.SIGCONT)


@asynccontextmanager
async def connections_used_up(server: PostgresServer, collector: int) -> AsyncIterator[None]:
    """Nobody else gets a connection, and those of the collector with this process id are gone.

    It is paused meanwhile: it would take each connection again that it loses.
    """
    async with AsyncExitStack() as stack:
        with pausing([collector]):
            first = await connect(server, stack)
            while await first.fetchval(END_CONNECTIONS):
                pass
            with suppress(asyncpg.TooManyConnectionsError):
                while True:
                    await connect(server, stack)
        yield


# How many there were; each has ten seconds to end.
END_CONNECTIONS = (
    "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity "
    "WHERE application_name = 'conversion-tracking'"
)


async def connect(
    server: PostgresServer, stack: AsyncExitStack
) -> asyncpg.Connection[asyncpg.Record]:
    """A connection until the stack ends. Raises TooManyConnectionsError where there is none."""
    connection = await asyncpg.connect(database_url(server))
    stack.push_async_callback(connection.close)
    return connection


@asynccontextmanager
async def table_locked(database: str, mode: str = "ACCESS EXCLUSIVE") -> AsyncIterator[None]:
    """Another client holds a lock on the events; the strongest, if it is not said."""
    connection = await asyncpg.connect(database)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE conversion_events IN {mode} MODE")
            yield
    finally:
        await connection.close()


@asynccontextmanager
async def event_held(database: str, session_id: str, event_id: UUID) -> AsyncIterator[None]:
    """Another client is about to store this event: who stores it too must wait for that one."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("BEGIN")
        await connection.execute(
            "INSERT INTO conversion_events (id, session_id, event_type, event_name, received_at) "
            "VALUES ($1, $2, 'x', 'x', now())",
            event_id,
            session_id,
        )
        yield
    finally:
        connection.terminate()


# No file of Postgres but a table's may need to grow past this: WAL segments have that size.
DISK_BYTES = 16 * 1024 * 1024


@asynccontextmanager
async def disk_full(server: PostgresServer, database: str) -> AsyncIterator[None]:
    """The table of events cannot grow: the kernel refuses it. Postgres restarts for it."""
    await grow_table(database)
    await asyncio.to_thread(restart_with_file_size, server, DISK_BYTES)
    try:
        yield
    finally:
        await asyncio.to_thread(restart_with_file_size, server, resource.RLIM_INFINITY)


def restart_with_file_size(server: PostgresServer, limit: int) -> None:
    """Restart a Postgres whose files may grow to this size; it inherits the limit from us."""
    pg_ctl(server, "-m", "fast", "stop")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        start_again(server)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def grow_table(database: str) -> None:
    """Make the table of events as large as a file may be; nothing of it can be used again."""
    await execute(database, "ALTER TABLE conversion_events SET (autovacuum_enabled = false)")
    await execute(
        database,
        "INSERT INTO conversion_events (session_id, event_type, event_name, referrer, received_at) "
        "SELECT 'filler', 'x', 'x', repeat('x', 1900), now() "
        f"FROM generate_series(1, {DISK_BYTES // 2_000})",
    )
    await execute(database, "DELETE FROM conversion_events WHERE session_id = 'filler'")
