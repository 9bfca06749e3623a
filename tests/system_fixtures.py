"""The running system, to be used as its users do: over HTTP, and by reading the rows.

With SYSTEM_GATEWAY_URL set, the tests run against that gateway, a real Kong or docker
compose; SYSTEM_DATABASE_URL is then the database behind it (docs/testing.md).
Otherwise the system is started here, as `make run` starts it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from local.postgres import PostgresServer, database_url
from local.processes import free_port
from local.up import System, kong_yml_with_origin
from tests.support import CHROME, execute
from tests.system.running import DEMO_ORIGIN, Gateway, RunningSystem


@pytest.fixture(scope="session")
def system(request: pytest.FixtureRequest) -> Iterator[RunningSystem]:
    """The system that most tests share: each uses sessions of its own."""
    gateway_url = os.environ.get("SYSTEM_GATEWAY_URL")
    if gateway_url:
        yield RunningSystem(
            gateway_url,
            os.environ["SYSTEM_DATABASE_URL"],
            os.environ.get("SYSTEM_COLLECTOR_URL"),
        )
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    template: str = request.getfixturevalue("template")
    url = create_database(postgres, template, "system_ct")
    with ExitStack() as stack:
        yield start_system(stack, url)


def create_database(postgres: PostgresServer, template: str, name: str) -> str:
    """A migrated database, and its URL."""
    admin = database_url(postgres)
    asyncio.run(execute(admin, f"CREATE DATABASE {name} TEMPLATE {template}"))
    return database_url(postgres, name)


def start_system(stack: ExitStack, database: str) -> RunningSystem:
    """Collector, plugin server and gateway on free ports, until the stack ends."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ct-")))
    kong_yml = kong_yml_with_origin(DEMO_ORIGIN, folder)
    parts = System(stack, folder, database, secrets.token_hex(16), kong_yml=kong_yml)
    collector_port, gateway_port = free_port(), free_port()
    collector = parts.start_collector(collector_port)
    parts.start_plugin_server()
    parts.start_gateway(gateway_port, collector_port)
    return RunningSystem(
        f"http://127.0.0.1:{gateway_port}",
        database,
        f"http://127.0.0.1:{collector_port}",
        collector.process,
    )


@pytest.fixture
async def gateway(system: RunningSystem) -> AsyncIterator[Gateway]:
    """A browser-like client of the gateway."""
    async with connect(system) as client:
        yield client


@asynccontextmanager
async def connect(system: RunningSystem) -> AsyncIterator[Gateway]:
    """A client of the gateway, with an address of its own where that is possible.

    Loopback has 16 million addresses, so that one test's requests do not use up
    another's rate limit.
    """
    local = (system.next_address(), 0) if system.is_local else None
    connector = aiohttp.TCPConnector(local_addr=local, limit=50)
    headers = {"User-Agent": CHROME}
    async with aiohttp.ClientSession(
        system.gateway_url, connector=connector, headers=headers
    ) as client:
        yield Gateway(system, client, local[0] if local else None)
