"""Parts of the system fail: what a page is told, and that everything recovers by itself."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

import aiohttp
import pytest

from collector.postgres.migrate import migrate
from local.postgres import PostgresServer, database_url, pg_ctl, start_again
from local.processes import Child, free_port, stop_child
from local.up import System
from tests.support import CHROME, fetch
from tests.system.running import ORIGIN, Answer, Gateway, RunningSystem, cors_headers
from tests.waiting import eventually


class Parts:
    """A system whose parts a test may stop and start."""

    def __init__(self, stack: ExitStack, postgres: PostgresServer) -> None:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ct-")))
        self.postgres = postgres
        self.url = database_url(postgres)
        self.system = System(stack, folder, self.url, secrets.token_hex(16))
        self.collector_port, self.gateway_port = free_port(), free_port()
        self.collector = self.system.start_collector(self.collector_port)
        self.plugin_server = self.system.start_plugin_server()
        self.gateway = self.system.start_gateway(self.gateway_port, self.collector_port)

    def restart_collector(self) -> None:
        """Another collector on the same port."""
        self.collector = self.system.start_collector(self.collector_port)


@pytest.fixture
def parts(own_postgres: PostgresServer) -> Iterator[Parts]:
    """A system of this test's own."""
    with ExitStack() as stack:
        yield Parts(stack, own_postgres)


@pytest.fixture
async def page(parts: Parts) -> AsyncIterator[Gateway]:
    """A client of that system's gateway."""
    system = RunningSystem(f"http://127.0.0.1:{parts.gateway_port}", parts.url)
    headers = {"User-Agent": CHROME}
    async with aiohttp.ClientSession(system.gateway_url, headers=headers) as client:
        yield Gateway(system, client, None)


async def until_stored(page: Gateway) -> None:
    """Send an event until it is answered with 200: the system recovers by itself."""
    async with asyncio.timeout(30):
        while (await page.track()).status != 200:  # noqa: ASYNC110  # a process is awaited
            await asyncio.sleep(0.1)


async def test_postgres_restarted_in_the_middle_of_traffic(parts: Parts, page: Gateway) -> None:
    answers = []

    async def traffic() -> None:
        for _ in range(300):
            answers.append(await page.track())
            await asyncio.sleep(0.005)

    sending = asyncio.create_task(traffic())
    await eventually(lambda: len(answers) > 20)
    await asyncio.to_thread(pg_ctl, parts.postgres, "-m", "fast", "stop")
    spooled = await page.track()
    await asyncio.to_thread(start_again, parts.postgres)
    await sending
    await until_stored(page)
    assert spooled.status == 202
    assert cors_headers(spooled)["access-control-allow-origin"] == ORIGIN
    assert {answer.status for answer in answers} <= {200, 202}
    answered = {answer.json()["event_id"] for answer in [*answers, spooled]}
    async with asyncio.timeout(30):
        while not answered <= {str(row["id"]) for row in await page.rows()}:  # noqa: ASYNC110
            await asyncio.sleep(0.1)  # the replay is awaited


async def test_a_page_can_read_that_the_collector_is_down(parts: Parts, page: Gateway) -> None:
    await asyncio.to_thread(stop_child, parts.collector)
    answer = await page.track()
    assert (answer.status, answer.json()["message"]) == (
        502,
        "An invalid response was received from the upstream server",
    )
    assert cors_headers(answer)["access-control-allow-origin"] == ORIGIN
    await asyncio.to_thread(parts.restart_collector)
    await until_stored(page)


async def test_nothing_passes_without_the_plugin_server_and_all_does_when_it_is_back(
    parts: Parts, page: Gateway
) -> None:
    await until_stored(page)
    await asyncio.to_thread(kill, parts.plugin_server)
    answer = await until_refused(page)
    assert cors_headers(answer) == {}
    parts.plugin_server = await asyncio.to_thread(parts.system.start_plugin_server)
    answer = await page.track()
    assert cors_headers(answer)["access-control-allow-origin"] == ORIGIN
    rows = await page.rows()
    assert {(row["stamp_verified"], row["ip_address"]) for row in rows} == {(True, "127.0.0.1")}


async def until_refused(page: Gateway) -> Answer:
    """The first 500. The worker ends what it has, for up to two seconds, before it follows."""
    forged = {"X-Client-IP": "203.0.113.66", "X-Received-At": "1", "X-Gateway-Signature": "x"}
    async with asyncio.timeout(20):
        while True:
            answer = await page.track(headers=forged)
            if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
                return answer
            assert answer.status == HTTPStatus.OK
            await asyncio.sleep(0.1)


def kill(child: Child) -> None:
    """SIGKILL."""
    child.process.kill()
    child.process.wait()


async def test_two_processes_may_migrate_while_events_arrive(parts: Parts, page: Gateway) -> None:
    first, second, _ = await asyncio.gather(
        migrate(parts.url), migrate(parts.url), until_stored(page)
    )
    assert (first, second) == ([], [])
    [row] = await fetch(parts.url, "SELECT count(*) FROM schema_migrations")
    assert row["count"] >= 1
