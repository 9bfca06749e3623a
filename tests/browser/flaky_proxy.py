"""A bad network in front of the gateway: it refuses, holds and loses real requests."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from tests.browser.waiting import wait_until

# They are about one connection, not about the message (RFC 9110, 7.6.1).
HOP_BY_HOP = ("Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length")

Outcome = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Seen:
    """A request as it came, and when (monotonic seconds)."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events in a POST of one or of several."""
        sent: dict[str, Any] = json.loads(self.body) if self.body else {"events": []}
        events: list[dict[str, Any]] = sent.get("events", [sent])
        return events


@dataclass
class FlakyProxy:
    """Passes requests on to the gateway, unless a test says what becomes of the next ones."""

    gateway: aiohttp.ClientSession
    requests: list[Seen] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0
    _next: deque[Outcome] = field(default_factory=deque)
    _is_down: bool = False
    _may_go: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._may_go.set()

    def answer_next(
        self, count: int, status: int, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer so many requests in the gateway's place, as Kong and the plugin would."""

        async def answer(request: web.Request) -> web.StreamResponse:
            return web.json_response(
                {"message": "the proxy's own answer"},
                status=status,
                headers={**cors_headers(request), **(headers or {})},
            )

        self._next.extend([answer] * count)

    def answer_next_without_cors(self, count: int, status: int) -> None:
        """As something in front of the gateway answers: no page may read that."""

        async def answer(_request: web.Request) -> web.StreamResponse:
            return web.Response(status=status)

        self._next.extend([answer] * count)

    def cut_next(self, count: int) -> None:
        """Close the connections of so many requests; the gateway does not hear of them."""
        self._next.extend([cut] * count)

    def lose_answers_of_next(self, count: int) -> None:
        """Pass so many requests on, and close the connection in place of the answer."""

        async def lose(request: web.Request) -> web.StreamResponse:
            await self._pass_on(request)
            return await cut(request)

        self._next.extend([lose] * count)

    def go_down(self) -> None:
        """Close the connection of every request from now on."""
        self._is_down = True

    def come_back(self) -> None:
        """Pass requests on again."""
        self._is_down = False

    def hold(self) -> None:
        """Keep requests waiting from now on, before anything else becomes of them."""
        self._may_go.clear()

    def release(self) -> None:
        """Go on with the requests that wait, and with later ones."""
        self._may_go.set()

    async def wait_for_requests(self, count: int) -> list[Seen]:
        """All requests, as soon as there are so many."""
        await wait_until(lambda: len(self.requests) >= count, lambda: f"seen: {self.requests}")
        return self.requests

    def event_ids(self) -> list[str]:
        """The id of every event in every request: twice, if it was sent twice."""
        return [event["event_id"] for seen in self.requests for event in seen.events]

    def session_ids(self) -> set[str]:
        """The sessions of these events."""
        return {event["session_id"] for seen in self.requests for event in seen.events}

    def make_app(self) -> web.Application:
        """The proxy's application."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append(
            Seen(request.method, request.path, request.headers, body, time.monotonic())
        )
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await self._may_go.wait()
            return await self._outcome()(request)
        finally:
            self._at_once -= 1

    def _outcome(self) -> Outcome:
        if self._is_down:
            return cut
        return self._next.popleft() if self._next else self._pass_on

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        async with self.gateway.request(
            request.method,
            request.path_qs,
            headers=end_to_end(request.headers),
            data=await request.read(),
        ) as answer:
            return web.Response(
                status=answer.status,
                headers=end_to_end(answer.headers),
                body=await answer.read(),
            )


async def cut(request: web.Request) -> web.StreamResponse:
    """Close the connection, as a network that breaks does."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def end_to_end(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """The headers that a proxy passes on."""
    passed = CIMultiDict(headers)
    for name in HOP_BY_HOP:
        passed.popall(name, None)
    return passed


def cors_headers(request: web.Request) -> dict[str, str]:
    """What the plugin adds to Kong's own errors too, for a page of an allowed origin."""
    return {
        "Access-Control-Allow-Origin": request.headers["Origin"],
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": "Retry-After",
        "Vary": "Origin",
    }
