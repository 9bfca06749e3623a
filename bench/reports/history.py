"""The database that is asked: months of traffic in a Postgres of its own, made once and kept."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.collector.database import connect, execute, load_query
from bench.errors import BenchError
from bench.processes import Tree
from bench.report import Report
from collector.sql import load_query as load_collector_query
from local.history.fill import fill_history
from local.history.traffic import Traffic
from local.postgres import PostgresServer, database_url, pg_ctl, run_postgres

DAYS = 90
UNTIL = datetime(2026, 11, 28, 18, tzinfo=UTC)
# What docs/production.md advises for as much data; Postgres's own 128 MB hold a tenth of the facts.
SHARED_BUFFERS = "2GB"


@dataclass(frozen=True, slots=True)
class History:
    """A filled database. `until`: when its traffic ends."""

    server: PostgresServer
    name: str
    events: int
    sessions: int
    until: datetime

    @property
    def url(self) -> str:
        """Its address."""
        return database_url(self.server, self.name)

    @property
    def postgres(self) -> Tree:
        """The processes of its Postgres."""
        return Tree("postgres", self.server.get_postmaster_info().pid)


@contextmanager
def open_history(data: Path, name: str, events: int, report: Report) -> Iterator[History]:
    """A database of the Postgres whose data is in a folder, which runs while the block does.

    Where there is none of this name it is made, with so many events. Raises BenchError where it
    has no facts to report.
    """
    with run_postgres(data) as server:
        asyncio.run(size_buffers(server))
        if not asyncio.run(has_database(server, name)):
            asyncio.run(make_database(server, name, events, report))
        yield asyncio.run(look_at(server, name))


async def size_buffers(server: PostgresServer) -> None:
    """Give the Postgres its memory, where it has another: it is started again for that."""
    async with connect(database_url(server)) as connection:
        if await connection.fetchval(load_query("shared_buffers")) == SHARED_BUFFERS:
            return
        await connection.execute(f"ALTER SYSTEM SET shared_buffers = '{SHARED_BUFFERS}'")
    pg_ctl(server, "-m", "fast", "stop")
    server.ensure_postgres_running()


async def has_database(server: PostgresServer, name: str) -> bool:
    """Whether there is a database of this name."""
    async with connect(database_url(server)) as connection:
        found: bool = await connection.fetchval(load_query("find_database"), name)
        return found


async def make_database(server: PostgresServer, name: str, events: int, report: Report) -> None:
    """Make and fill it. It gets its name when it is full: half a history is none."""
    unfinished = f"{name}_unfinished"
    await execute(database_url(server), f'DROP DATABASE IF EXISTS "{unfinished}"')
    await execute(database_url(server), f'CREATE DATABASE "{unfinished}"')
    url = database_url(server, unfinished)
    await fill_history(url, Traffic(events, DAYS, UNTIL), report)
    await execute(database_url(server), f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')


async def look_at(server: PostgresServer, name: str) -> History:
    """What the database holds. Raises BenchError where it has no facts."""
    async with connect(database_url(server, name)) as connection:
        until: Any = await connection.fetchval(load_collector_query("facts_as_of"))
        if until is None:
            raise BenchError(f"the database {name} has no facts that reports could read")
        counts = await connection.fetchrow(load_query("count_history"))
    return History(server, name, counts["events"], counts["sessions"], until)


@contextmanager
def open_copy(history: History, report: Report) -> Iterator[str]:
    """A copy of the database, which is changed and thrown away. Yields its address."""
    copy, server = f"{history.name}_copy", database_url(history.server)
    report("copying the database")
    asyncio.run(execute(server, f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)'))
    asyncio.run(
        execute(server, f'CREATE DATABASE "{copy}" TEMPLATE "{history.name}" STRATEGY file_copy')
    )
    try:
        yield database_url(history.server, copy)
    finally:
        asyncio.run(execute(server, f'DROP DATABASE "{copy}" WITH (FORCE)'))


def empty_caches(server: PostgresServer) -> None:
    """Start Postgres again, with nothing of its files in memory: its own or the kernel's.

    The kernel is asked file by file, which needs no rights and leaves other work alone.
    """
    pg_ctl(server, "-m", "fast", "stop")
    for folder, _, names in os.walk(server.pgdata):
        for name in names:
            forget_pages(Path(folder, name))
    server.ensure_postgres_running()


def forget_pages(file: Path) -> None:
    """Let the kernel let go of what it keeps of a file; what is not yet written it keeps."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
