"""A Postgres that may be hurt, and how long each fault lasts."""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from collector.postgres.migrate import migrate
from local.postgres import PostgresServer, database_url, run_postgres
from tests.support import execute, pg_ctl, start_again, stop_restarted

numbers = itertools.count(1)


@dataclass(frozen=True)
class Extent:
    """How much of a fault: `make test-faults` has all of it, `make test` a part."""

    kills: int
    outage_seconds: float
    lock_seconds: float


SHORT = Extent(kills=4, outage_seconds=1.0, lock_seconds=2.0)
FULL = Extent(kills=20, outage_seconds=10.0, lock_seconds=5.0)


@pytest.fixture(scope="session")
def extent() -> Extent:
    """Short, unless FAULTS=full is in the environment."""
    return FULL if os.environ.get("FAULTS") == "full" else SHORT


@pytest.fixture(scope="session")
def weak_postgres() -> Iterator[PostgresServer]:
    """A Postgres of few connections that tests stop and kill; each leaves it running."""
    with (
        tempfile.TemporaryDirectory(prefix="ct-") as folder,
        run_postgres(Path(folder) / "postgres") as server,
    ):
        asyncio.run(execute(database_url(server), "ALTER SYSTEM SET max_connections = 25"))
        pg_ctl(server, "-m", "fast", "stop")
        try:
            start_again(server)
            yield server
        finally:
            stop_restarted(server)


@pytest.fixture
async def weak_database(weak_postgres: PostgresServer) -> AsyncIterator[str]:
    """A migrated database of that server."""
    name = f"faults_{next(numbers)}"
    await execute(database_url(weak_postgres), f"CREATE DATABASE {name}")
    url = database_url(weak_postgres, name)
    await migrate(url)
    yield url
    await execute(database_url(weak_postgres), f"DROP DATABASE {name} WITH (FORCE)")
