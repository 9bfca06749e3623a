"""wrk sends what the files say: seen by a server that keeps what it gets."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import web

from bench.errors import BenchError
from bench.events import generate_events
from bench.load.requests import compose_request, write_requests
from bench.load.wrk import Load, send_load

CONNECTIONS = 4


@dataclass
class Server:
    """What came, and what to answer."""

    url: str = ""
    status: int = 200
    bodies: list[bytes] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)

    async def answer(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        self.agents.add(request.headers["User-Agent"])
        return web.Response(status=self.status)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_post("/track", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    """Twenty events: fewer than wrk sends in a second, so that it walks over them again."""
    file = tmp_path / "track.requests"
    events = generate_events(20, seed=3, start_ms=1_763_800_000_000)
    write_requests(
        file,
        (
            compose_request("POST", "/track", {"Host": "h", "User-Agent": e.user_agent}, e.body)
            for e in events
        ),
    )
    return file


async def load(server: Server, requests: Path) -> Load:
    return await asyncio.to_thread(send_load, server.url, requests, 1, CONNECTIONS)


async def test_each_event_is_sent_once_in_a_session_of_its_lap(
    server: Server, requests: Path
) -> None:
    result = await load(server, requests)
    events = [json.loads(body) for body in server.bodies]
    assert result.errors == 0
    assert 20 < result.requests <= len(events) <= result.requests + CONNECTIONS
    ids = [UUID(event["event_id"]) for event in events]
    assert len(set(ids)) == len(ids)
    assert {i.version for i in ids} == {4}
    assert len(server.agents) > 3
    laps = {event["session_id"][-6:] for event in events}
    # One on each connection may have been sent and not have arrived when wrk ended.
    assert -(-len(events) // 20) <= len(laps) <= -(-(len(events) + CONNECTIONS) // 20)


async def test_a_rate_is_kept_however_fast_the_answers_come(server: Server, requests: Path) -> None:
    result = await asyncio.to_thread(send_load, server.url, requests, 2, CONNECTIONS, 60)
    # Fewer where the machine is busy, more where the end comes late; without a rate: thousands.
    assert 60 <= result.requests <= 4 * 60


async def test_error_answers_are_counted(server: Server, requests: Path) -> None:
    server.status = 503
    result = await load(server, requests)
    assert result.bad_status == result.requests > 0


async def test_a_host_that_refuses_is_an_error_that_names_it(requests: Path) -> None:
    with pytest.raises(BenchError, match=r"127\.0\.0\.1:1:"):
        await asyncio.to_thread(send_load, "http://127.0.0.1:1", requests, 1, CONNECTIONS)
