"""Fixtures for every test: a real Postgres, a database of one's own, a collector."""

from __future__ import annotations

import asyncio
import itertools
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest

from collector.postgres.migrate import migrate
from local.postgres import PostgresServer, database_url, run_postgres
from tests.own_postgres import MIGRATED, make_cluster, run_copy
from tests.support import SECRET, Collector, execute, run_collector

# The running system is for tests/system and tests/browser alike.
pytest_plugins = ["tests.system_fixtures"]

numbers = itertools.count(1)

# A run that is ended from outside ends what its fixtures have started, as Ctrl-C does.
signal.signal(signal.SIGTERM, signal.default_int_handler)

# How long an example takes says nothing of the code where others use the machine too; the
# first text of a run takes seconds, in which Hypothesis reads its tables.
hypothesis.settings.register_profile(
    "shared machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("shared machine")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One Postgres for the whole run.

    Not below pytest's own temporary folder: as root, Postgres runs as another user,
    whom each pytest that starts shuts out of that folder.
    """
    with (
        tempfile.TemporaryDirectory(prefix="ct-") as folder,
        run_postgres(Path(folder) / "postgres") as server,
    ):
        yield server


@pytest.fixture(scope="session")
def template(postgres: PostgresServer) -> str:
    """A database that is migrated once; each test gets a copy."""

    async def create() -> None:
        await execute(database_url(postgres), "CREATE DATABASE template_ct")
        await migrate(database_url(postgres, "template_ct"))

    asyncio.run(create())
    return "template_ct"


@pytest.fixture
async def database(postgres: PostgresServer, template: str) -> AsyncIterator[str]:
    """The URL of an empty, migrated database that only this test uses."""
    name = f"test_{next(numbers)}"
    admin = database_url(postgres)
    # The way that takes half the processor time of writing it to the log.
    await execute(admin, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield database_url(postgres, name)
    await execute(admin, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    """The data of a Postgres, of which tests that stop or kill one start a copy."""
    with tempfile.TemporaryDirectory(prefix="ct-") as folder:
        yield make_cluster(Path(folder))


@pytest.fixture
def own_postgres(cluster: Path) -> Iterator[PostgresServer]:
    """A Postgres that only this test uses, and may leave in any state."""
    with run_copy(cluster) as server:
        yield server


@pytest.fixture
def own_database(own_postgres: PostgresServer) -> str:
    """The URL of an empty, migrated database of that server."""
    return database_url(own_postgres, MIGRATED)


@pytest.fixture
async def collector(database: str) -> AsyncIterator[Collector]:
    """A collector that shares SECRET with the gateway."""
    async with run_collector(database, gateway_secret=SECRET) as running:
        yield running


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return Path(__file__).parent.parent
