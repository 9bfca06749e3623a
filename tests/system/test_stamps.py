"""What somebody can do with a request that he saw between the gateway and the collector."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from local.postgres import PostgresServer
from local.processes import Child, free_port
from local.up import REQUEST_VARIABLE, System
from tests.support import CHROME, Collector, metric, serve_app
from tests.system.running import BATCH, TRACK, Gateway, RunningSystem
from tests.system_fixtures import create_database

pytestmark = pytest.mark.asyncio(loop_scope="module")

VISITOR = "127.9.9.9"  # another loopback address than that of whoever sends a copy
STRANGER = "127.0.0.1"
STAMP = ("X-Client-IP", "X-Received-At", "X-Gateway-Signature", "X-Kong-Request-Id")
OLDER_VARIABLE = REQUEST_VARIABLE.replace("$kong_request_id ", "")

USED = 'ct_refused_stamps_total{why="used"}'
UNBOUND = "ct_unbound_stamps_total"
UNSIGNED = "ct_unsigned_requests_total"
SAMPLES = (USED, UNBOUND, UNSIGNED)


@dataclass(frozen=True)
class Copy:
    """A request as it left the gateway."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    def with_event(self, **fields: Any) -> Copy:
        """With other fields of its event."""
        return Copy(self.path, self.headers, json.dumps(json.loads(self.body) | fields).encode())

    def with_header(self, name: str, value: str) -> Copy:
        """With another value of a header."""
        return Copy(self.path, {**self.headers, name: value}, self.body)


@dataclass
class Wire:
    """Stands between the gateway and the collector, and copies what passes."""

    collector: aiohttp.ClientSession
    is_cut: bool = False
    copies: list[Copy] = field(default_factory=list)

    async def forward(self, request: web.Request) -> web.Response:
        """Send a request on, or lose it where the wire is cut."""
        stamp = {name: request.headers[name] for name in STAMP}
        headers = {**stamp, "Content-Type": request.headers["Content-Type"]}
        copy = Copy(request.path, headers, await request.read())
        self.copies.append(copy)
        return web.Response(status=502) if self.is_cut else await self.send(copy)

    async def send(self, copy: Copy) -> web.Response:
        """Send a copy straight to the collector."""
        async with self.collector.post(copy.path, data=copy.body, headers=copy.headers) as answer:
            return web.Response(
                status=answer.status,
                body=await answer.read(),
                content_type=answer.content_type,
            )


@dataclass(frozen=True)
class Running:
    """A system with a wire in it, a page behind its gateway, and the collector."""

    wire: Wire
    page: Gateway
    collector: Collector
    log: Child
    before: Mapping[str, float]

    async def sent(self, **fields: Any) -> Copy:
        """A page's event, as it passed the wire."""
        assert (await self.page.track(**fields)).status == (502 if self.wire.is_cut else 200)
        return self.wire.copies[-1]

    async def store(self, copy: Copy, event_name: str) -> dict[str, Any]:
        """Send a copy with an event of this name to the collector; what is stored of it."""
        answer = await self.wire.send(copy.with_event(event_name=event_name))
        assert answer.status == 200
        return await self.row(event_name)

    async def row(self, event_name: str) -> dict[str, Any]:
        """The stored event of this name."""
        [row] = [row for row in await self.page.rows() if row["event_name"] == event_name]
        return row

    async def counted(self, sample: str) -> float:
        """By how much a sample of the collector's metrics has grown in this test."""
        return await metric(self.collector, sample) - self.before[sample]


async def start(
    stack: AsyncExitStack, database: str, secret: str, variable: str = REQUEST_VARIABLE
) -> Running:
    """The system, until the stack ends."""
    processes = stack.enter_context(ExitStack())
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ct-")))
    parts = System(processes, folder, database, secret, request_variable=variable)
    collector_port, gateway_port = free_port(), free_port()
    log = await asyncio.to_thread(parts.start_collector, collector_port)
    collector_url = f"http://127.0.0.1:{collector_port}"
    direct = await stack.enter_async_context(aiohttp.ClientSession(collector_url))
    app, wire = web.Application(), Wire(direct)
    app.router.add_post("/{path:.*}", wire.forward)
    wire_url = await stack.enter_async_context(serve_app(app))
    await asyncio.to_thread(parts.start_plugin_server)
    wire_port = int(wire_url.rpartition(":")[2])
    await asyncio.to_thread(parts.start_gateway, gateway_port, wire_port)
    system = RunningSystem(f"http://127.0.0.1:{gateway_port}", database)
    connector = aiohttp.TCPConnector(local_addr=(VISITOR, 0))
    client = await stack.enter_async_context(
        aiohttp.ClientSession(
            system.gateway_url, connector=connector, headers={"User-Agent": CHROME}
        )
    )
    page = Gateway(system, client, VISITOR)
    collector = Collector(collector_url, database, direct)
    return Running(wire, page, collector, log, dict.fromkeys(SAMPLES, 0))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started(postgres: PostgresServer, template: str) -> AsyncIterator[Running]:
    """A system with the settings of the documentation."""
    database = await asyncio.to_thread(create_database, postgres, template, "stamps_ct")
    async with AsyncExitStack() as stack:
        yield await start(stack, database, secrets.token_hex(16))


@pytest_asyncio.fixture(loop_scope="module")
async def running(started: Running) -> Running:
    """That system, with a page whose events only this test sees."""
    page = Gateway(started.page.system, started.page.client, VISITOR)
    before = {sample: await metric(started.collector, sample) for sample in SAMPLES}
    started.wire.is_cut = False
    return replace(started, page=page, before=before)


def believed(row: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether the stamp was believed, and whose address is stored."""
    return row["stamp_verified"], row["ip_address"]


async def test_requests_through_the_gateway_are_believed(running: Running) -> None:
    copies = [await running.sent() for _ in range(3)]
    rows = await running.page.rows()
    assert [believed(row) for row in rows] == [(True, VISITOR)] * 3
    assert [row["request_id"] for row in rows] == [
        copy.headers["X-Kong-Request-Id"] for copy in copies
    ]
    for sample in SAMPLES:
        assert await running.counted(sample) == 0


async def test_a_copied_stamp_is_not_believed_with_another_body(running: Running) -> None:
    copy = await running.sent()
    assert believed(await running.store(copy, "Forged")) == (False, STRANGER)
    assert await running.counted(USED) == 1
    assert await running.counted(UNSIGNED) == 1


async def test_a_copied_request_is_not_believed_a_second_time_and_its_event_is_kept_once(
    running: Running,
) -> None:
    copy = await running.sent(event_name="Sale", event_id="00000000-0000-4000-8000-000000000001")
    answer = await running.wire.send(copy)
    assert json.loads(answer.text or "")["duplicate"] is True
    assert believed(await running.row("Sale")) == (True, VISITOR)
    assert await running.counted(USED) == 1


async def test_many_copies_are_one_line_in_the_log(running: Running) -> None:
    copy = await running.sent()
    for number in range(5):
        row = await running.store(copy, f"Forged {number}")
        assert believed(row) == (False, STRANGER)
    assert await running.counted(USED) == 5
    assert running.log.log.read_text().count("came a second time") == 1


async def test_a_copied_stamp_is_not_believed_with_another_request_id(running: Running) -> None:
    copy = await running.sent()
    other = copy.with_header("X-Kong-Request-Id", secrets.token_hex(16))
    assert believed(await running.store(other, "Forged")) == (False, STRANGER)
    without = copy.with_header("X-Kong-Request-Id", "")
    assert believed(await running.store(without, "Forged too")) == (False, STRANGER)
    assert await running.counted(UNSIGNED) == 2
    assert await running.counted(USED) == 0  # it could not be told that they are copies


async def test_what_kong_sends_again_is_believed_if_the_first_try_did_not_arrive(
    running: Running,
) -> None:
    running.wire.is_cut = True
    lost = await running.sent(event_name="Sale")
    assert await running.page.rows() == []
    running.wire.is_cut = False
    assert (await running.wire.send(lost)).status == 200  # with the same headers, as Kong does
    assert believed(await running.row("Sale")) == (True, VISITOR)


async def test_what_a_tracker_sends_again_is_believed(running: Running) -> None:
    event_id = "00000000-0000-4000-8000-000000000002"
    running.wire.is_cut = True
    await running.sent(event_name="Sale", event_id=event_id)
    running.wire.is_cut = False
    for _ in range(2):
        await running.sent(event_name="Sale", event_id=event_id)
    assert believed(await running.row("Sale")) == (True, VISITOR)
    assert await running.counted(USED) == 0


async def test_the_events_of_a_batch_share_their_request(running: Running) -> None:
    events = [running.page.event(event_name=f"Event {number}") for number in range(20)]
    answer = await running.page.send("POST", BATCH, json={"events": events})
    assert answer.status == 200
    assert {believed(row) for row in await running.page.rows()} == {(True, VISITOR)}
    await running.wire.send(running.wire.copies[-1])
    assert [believed(row) for row in await running.page.rows()].count((False, STRANGER)) == 20


async def test_a_header_with_a_space_does_not_loose_the_stamp_from_its_request(
    running: Running,
) -> None:
    answer = await running.page.send(
        "POST", TRACK, json=running.page.event(event_name="Page"), headers={"Origin": "a b"}
    )
    assert answer.status == 200
    assert believed(await running.row("Page")) == (True, VISITOR)
    assert believed(await running.store(running.wire.copies[-1], "Forged")) == (False, STRANGER)
    assert await running.counted(UNBOUND) == 0


async def test_a_gateway_with_the_older_variable_is_believed_and_counted(database: str) -> None:
    async with AsyncExitStack() as stack:
        running = await start(stack, database, secrets.token_hex(16), OLDER_VARIABLE)
        await running.sent(event_name="Page")
        assert believed(await running.row("Page")) == (True, VISITOR)
        assert await running.counted(UNBOUND) == 1


async def test_a_secret_of_bytes_that_are_no_text_works_on_both_sides(database: str) -> None:
    secret = os.fsdecode(b"\xff\xfe" + bytes(range(0x80, 0xA0)))
    async with AsyncExitStack() as stack:
        running = await start(stack, database, secret)
        await running.sent(event_name="Page")
        assert believed(await running.row("Page")) == (True, VISITOR)
        assert await running.counted(UNBOUND) == 0
