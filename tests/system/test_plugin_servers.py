"""The plugin behind the local gateway, in each plugin server.

In our own over ProtoBuf:1; on Python 3.11 also in kong-pdk's, over MsgPack:1.
"""

from __future__ import annotations

import asyncio
import importlib.util
import io
import os
import secrets
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest

from local.postgres import PostgresServer
from local.processes import free_port
from local.up import PLUGIN_SERVER, PLUGIN_SERVER_OF_KONG_PDK, System
from tests.processes import children_of
from tests.support import CHROME
from tests.system.running import ORIGIN, TRACK, Gateway, RunningSystem, cors_headers
from tests.system_fixtures import create_database
from tests.waiting import eventually

PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}
STRANGER = {"Origin": "https://stranger.example"}


COMMANDS = {"own": PLUGIN_SERVER}
if importlib.util.find_spec("kong_pdk"):
    COMMANDS["kong_pdk"] = PLUGIN_SERVER_OF_KONG_PDK

Running = tuple[RunningSystem, int]


@pytest.fixture(scope="module", params=list(COMMANDS))
def running(
    request: pytest.FixtureRequest, postgres: PostgresServer, template: str
) -> Iterator[Running]:
    """The system, and the process id of its plugin server."""
    database = create_database(postgres, template, f"plugin_server_{request.param}_ct")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ct-")))
        secret = secrets.token_hex(16)
        parts = System(stack, folder, database, secret, COMMANDS[request.param])
        collector_port, gateway_port = free_port(), free_port()
        parts.start_collector(collector_port)
        plugin_server = parts.start_plugin_server()
        parts.start_gateway(gateway_port, collector_port)
        system = RunningSystem(f"http://127.0.0.1:{gateway_port}", database)
        yield system, plugin_server.process.pid


@pytest.fixture
async def page(running: Running) -> AsyncIterator[Gateway]:
    """A client with an address, and so a rate limit, of its own."""
    system, _ = running
    connector = aiohttp.TCPConnector(local_addr=(system.next_address(), 0))
    headers = {"User-Agent": CHROME}
    async with aiohttp.ClientSession(
        system.gateway_url, connector=connector, headers=headers
    ) as client:
        yield Gateway(system, client, None)


def worker_of(supervisor: int) -> int:
    """The process that runs the plugin."""
    return children_of(supervisor)[-1]


def is_replaced(supervisor: int, before: int) -> bool:
    """Whether another process runs the plugin, and the one before has ended."""
    workers = children_of(supervisor)
    return bool(workers) and before not in workers


async def test_a_preflight_is_answered_at_the_gateway(page: Gateway) -> None:
    answer = await page.send("OPTIONS", TRACK, headers=PREFLIGHT)
    allowed = cors_headers(answer)
    assert (answer.status, answer.json()) == (200, {"allow": "POST, OPTIONS"})
    assert allowed["access-control-allow-origin"] == ORIGIN
    assert "Authorization" in allowed["access-control-allow-headers"]


async def test_a_bare_options_is_answered_with_allow(page: Gateway) -> None:
    answer = await page.send("OPTIONS", TRACK)
    assert (answer.status, answer.headers["Allow"]) == (200, "POST, OPTIONS")


async def test_an_event_is_stamped_and_its_answer_can_be_read(page: Gateway) -> None:
    forged = {"X-Client-IP": "203.0.113.66", "X-Gateway-Signature": "x"}
    answer = await page.track(headers=forged)
    [row] = await page.rows()
    assert answer.status == 200
    assert cors_headers(answer)["access-control-allow-origin"] == ORIGIN
    assert row["stamp_verified"]
    assert row["ip_address"] != "203.0.113.66"


async def test_a_stranger_gets_no_cors_headers(page: Gateway) -> None:
    for answer in (
        await page.track(headers=STRANGER),
        await page.send("OPTIONS", TRACK, headers={**PREFLIGHT, **STRANGER}),
    ):
        assert (answer.status, cors_headers(answer)) == (200, {})


async def test_a_refusal_of_the_gateway_can_be_read(page: Gateway) -> None:
    answer = await page.send(
        "POST", TRACK, data=io.BytesIO(b" " * 1_048_577), headers={"Origin": ORIGIN}
    )
    assert answer.status == 413
    assert cors_headers(answer)["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize("running", ["own"], indirect=True)
@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGHUP])
async def test_no_request_fails_while_the_worker_is_killed_or_renewed(
    running: Running, page: Gateway, fault: signal.Signals
) -> None:
    _, supervisor = running
    before = worker_of(supervisor)
    stop = asyncio.Event()
    outcomes: Counter[tuple[int, bool]] = Counter()

    async def send() -> None:
        while not stop.is_set():
            answer = await page.send("OPTIONS", TRACK, headers=PREFLIGHT)
            outcomes[answer.status, bool(cors_headers(answer))] += 1

    senders = [asyncio.create_task(send()) for _ in range(8)]
    await eventually(lambda: outcomes.total() > 50)
    os.kill(before if fault is signal.SIGKILL else supervisor, fault)
    await eventually(lambda: is_replaced(supervisor, before))
    answered = outcomes.total()
    await eventually(lambda: outcomes.total() > answered + 200)
    stop.set()
    await asyncio.gather(*senders)
    assert set(outcomes) == {(200, True)}
    assert worker_of(supervisor) != before
