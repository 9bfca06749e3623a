"""Whatever a platform's server does, the sender gets an answer that it can act upon."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import pytest
from aiohttp import web

from collector.conversions.client import MAX_ANSWER_BYTES, PlatformClient, open_session
from collector.conversions.conversion import Answer, Broken, Conversion, Later, Request, Taken
from collector.conversions.platform import NotAuthorized
from tests.support import serve_app
from tests.unit.conversions.claims import NOON, LenientPlatform, conversion

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Echoing(LenientPlatform):
    """A platform at an address, that says what it read as an id."""

    def __init__(self, url: str) -> None:
        self.url = url

    def request(
        self, conversions: Sequence[Conversion], headers: Mapping[str, str], now: datetime
    ) -> Request:
        return Request(self.url, headers, b"x" * 2_000_000)

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        return Taken(f"{status} {headers.get('x-kind')} {len(body)}")


async def ask(handler: Handler) -> Answer:
    """What comes of a request that a handler answers."""
    app = web.Application(client_max_size=8 << 20)
    app.router.add_route("*", "/{path:.*}", handler)
    async with serve_app(app) as url, open_session() as session:
        exchange = await PlatformClient("shop", Echoing(url), session).ask([conversion(1)], NOON)
    return exchange.answer


async def test_an_answer_in_pieces_is_read_whole() -> None:
    async def in_pieces(request: web.Request) -> web.StreamResponse:
        assert len(await request.read()) == 2_000_000
        response = web.StreamResponse(status=422, headers={"X-Kind": "Json"})
        await response.prepare(request)
        for _ in range(5):
            await response.write(b"x" * 1_000)
            await asyncio.sleep(0)
        return response

    assert await ask(in_pieces) == Taken("422 Json 5000")


async def test_an_endless_answer_is_read_no_further_than_any_platform_says() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)

    assert await ask(endless) == Taken(f"200 None {MAX_ANSWER_BYTES}")


async def test_a_redirect_is_not_followed() -> None:
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        raise web.HTTPTemporaryRedirect("/elsewhere")

    assert isinstance(await ask(elsewhere), Taken)
    assert asked == ["/"]


async def test_a_connection_that_breaks_is_a_reason_to_come_back_and_names_no_address() -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    answer = await ask(broken)
    assert isinstance(answer, Later)
    assert answer.reason.startswith("no answer: ")
    assert "127.0.0.1" not in answer.reason


@pytest.mark.parametrize("answer", [Later("no token now"), Broken("revoked", "make another")])
async def test_without_a_token_nothing_is_asked(answer: Later | Broken) -> None:
    class Locked(Echoing):
        async def authorize(self) -> Mapping[str, str]:
            raise NotAuthorized(answer)

    async with open_session() as session:
        exchange = await PlatformClient("shop", Locked("http://127.0.0.1:1"), session).ask(
            [conversion(1)], NOON
        )
    assert (exchange.answer, exchange.status) == (answer, None)
