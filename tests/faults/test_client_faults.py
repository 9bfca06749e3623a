"""Clients that go away, stall, or lie, beside clients that behave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
from msgspec.structs import replace

from collector.api.app import make_app
from collector.api.asked import Asked
from collector.api.keys import CONTEXTS, METRICS
from collector.api.request_context import ContextReader
from collector.event import RequestContext
from collector.settings import Settings
from local.postgres import PostgresServer, pg_ctl, start_again
from tests.faults.collector_process import PATIENT, collector
from tests.faults.sender import TRACK, assert_funnel_fits, assert_kept, sending, stored_events
from tests.support import execute, fetch, serve_app


def request_of(event_id: UUID) -> bytes:
    """A whole request, as bytes on the wire."""
    event = {
        "event_id": str(event_id),
        "session_id": "of a bad client",
        "event_type": "signup",
        "event_name": "Event",
    }
    body = json.dumps(event).encode()
    head = (
        f"POST {TRACK} HTTP/1.1\r\nHost: x\r\nUser-Agent: Mozilla/5.0 Chrome/142.0.0.0\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[asyncio.StreamWriter]:
    """A connection that is closed without reading any answer."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield writer
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def leave_before_the_answer(port: int, event_id: UUID) -> None:
    """Send a whole event and go."""
    async with connected(port) as writer:
        writer.write(request_of(event_id))
        await writer.drain()
        await asyncio.sleep(0.001)


async def send_half(port: int, event_id: UUID) -> None:
    """Send half of an event and go."""
    request = request_of(event_id)
    async with connected(port) as writer:
        writer.write(request[: len(request) - 40])
        await writer.drain()
        await asyncio.sleep(0.01)


async def send_slowly(port: int, event_id: UUID, seconds: float) -> None:
    """Send ten bytes a second, and go when the time is over."""
    request = request_of(event_id)
    async with connected(port) as writer:
        for start in range(int(seconds * 10)):
            writer.write(request[start : start + 1])
            await writer.drain()
            await asyncio.sleep(0.1)


async def test_clients_that_go_away_or_stall_harm_nobody_else(
    tmp_path: Path, own_database: str
) -> None:
    left, half, slow = ([uuid4() for _ in range(60)] for _ in range(3))
    with collector(tmp_path, own_database, **PATIENT) as process:
        async with sending(process.url, connections=4) as sender:
            stalled = asyncio.gather(*(send_slowly(process.port, i, 3.0) for i in slow))
            for first, second in zip(left, half, strict=True):
                await leave_before_the_answer(process.port, first)
                await send_half(process.port, second)
            await sender.wait_for(200, 200)
            await stalled
    stored = await stored_events(own_database)
    assert stored.keys() - set(left) == sender.promised.keys()
    assert set(sender.answers) == {200}
    await assert_funnel_fits(own_database)


async def test_one_refused_row_among_500_good_ones(tmp_path: Path, own_database: str) -> None:
    await execute(own_database, "ALTER TABLE conversion_events ADD CHECK (event_name <> 'bad')")
    ids = [uuid4() for _ in range(500)]
    events = [
        {
            "event_id": str(event_id),
            "session_id": f"s{number % 50}",
            "event_type": "signup",
            "event_name": "bad" if number == 250 else "good",
        }
        for number, event_id in enumerate(ids)
    ]
    with collector(tmp_path, own_database, **PATIENT) as process:
        async with (
            aiohttp.ClientSession(process.url) as client,
            client.post("/v1/events/batch", json={"events": events}) as answer,
        ):
            body = await answer.json()
    statuses = [result["status"] for result in body["results"]]
    assert statuses == ["stored"] * 250 + ["refused"] + ["stored"] * 249
    stored = await stored_events(own_database)
    assert stored.keys() == set(ids) - {ids[250]}


class SteppedClock(ContextReader):
    """Reads requests with a clock that can be set."""

    step = timedelta()

    def read(self, request: Asked) -> RequestContext:
        """As ever, but for the time."""
        context = super().read(request)
        return replace(context, received_at=context.received_at + self.step)


async def test_the_clock_is_set_back_by_an_hour(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str
) -> None:
    settings = Settings(
        database_url=own_database, spool_dir=tmp_path / "spool", database_timeout_seconds=1
    )
    app = make_app(settings)
    clock = SteppedClock(settings, app[METRICS])
    app[CONTEXTS] = clock
    async with serve_app(app) as url:
        async with sending(url) as sender:
            await sender.wait_for(200, 50)
            await asyncio.to_thread(pg_ctl, own_postgres, "-m", "fast", "stop")
            await sender.wait_for(202, 50)
            clock.step = -timedelta(hours=1)
            await sender.wait_for(202, 50)
            await asyncio.to_thread(start_again, own_postgres)
            await sender.wait_for(200, 50)
        await wait_until_drained(url)
        await assert_kept(own_database, dict(sender.promised))
    [row] = await fetch(
        own_database,
        "SELECT max(received_at) - min(received_at) > '55 minutes' AS went_back "
        "FROM conversion_events",
    )
    assert row["went_back"]


async def wait_until_drained(url: str) -> None:
    """Return when nothing waits in the spool of a collector in this process."""
    async with aiohttp.ClientSession(url) as client, asyncio.timeout(60):
        while True:
            async with client.get("/metrics") as answer:
                if "\nct_spool_events 0.0\n" in await answer.text():
                    return
            await asyncio.sleep(0.05)
