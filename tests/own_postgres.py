"""A Postgres of a test's own, which the test may stop, kill and hurt.

It is a copy of one that was made once, and is thrown away after the test: whatever a test
has done to it, the next one has another.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from collector.postgres.migrate import migrate
from local.postgres import PostgresServer, database_url, get_server, pg_ctl, run_postgres
from tests.support import execute

# Beside the database "postgres", which is empty.
MIGRATED = "migrated_ct"


def make_cluster(folder: Path) -> Path:
    """The data of a Postgres that is stopped, for copies: few connections, a migrated database."""
    with run_postgres(folder / "postgres") as server:
        asyncio.run(fill(server))
    return server.pgdata


async def fill(server: PostgresServer) -> None:
    """What each copy has."""
    await execute(database_url(server), "ALTER SYSTEM SET max_connections = 25")
    await execute(database_url(server), f"CREATE DATABASE {MIGRATED}")
    await migrate(database_url(server, MIGRATED))


@contextmanager
def run_copy(cluster: Path) -> Iterator[PostgresServer]:
    """A server on a copy of this data, for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="ct-") as folder:
        data = Path(folder) / "postgres"
        subprocess.run(["cp", "--archive", cluster, data], check=True)
        with run_on(data) as server:
            yield server


@contextmanager
def run_on(data: Path) -> Iterator[PostgresServer]:
    """A server on this data, for as long as the block runs, whatever a test has done to it."""
    server = get_server(data, cleanup_mode=None)
    try:
        yield server
    finally:
        end(server)
        server.cleanup()


def end(server: PostgresServer) -> None:
    """End a Postgres that may run, hang, or be dead.

    It is asked first: one that is only killed leaves shared memory behind.
    """
    send(server, signal.SIGCONT)
    if processes(server):
        with suppress(subprocess.CalledProcessError):
            pg_ctl(server, "-m", "immediate", "stop")
    kill(server)


def kill(server: PostgresServer) -> None:
    """SIGKILL to all of it."""
    while processes(server):
        send(server, signal.SIGKILL)


def send(server: PostgresServer, signum: signal.Signals) -> None:
    """A signal to each process, also to those that start meanwhile."""
    reached: set[int] = set()
    while new := processes(server) - reached:
        for pid in new:
            with suppress(ProcessLookupError):
                os.kill(pid, signum)
        reached |= new


def processes(server: PostgresServer) -> set[int]:
    """The postmaster and its children, which all work in the folder of the data.

    Not by who started whom: after the postmaster's death its children have another parent.
    """
    return {int(folder.name) for folder in Path("/proc").glob("[0-9]*") if works_in(folder, server)}


def works_in(process: Path, server: PostgresServer) -> bool:
    """Whether this is the server's folder; a process that is dead works nowhere."""
    try:
        return (process / "cwd").readlink() == server.pgdata
    except OSError:
        return False
