"""A bad network in front of the gateway: it refuses, holds and loses real requests."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from tests.browser.outcomes import Outcome, cut, passed_on
from tests.browser.waiting import wait_until

# They are about one connection, not about the message (RFC 9110, 7.6.1).
HOP_BY_HOP = ("Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length")


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
    """Passes requests on to the gateway, unless a test says what becomes of the next ones.

    `requests` is all that came, `delivered` what the gateway got of it.
    """

    gateway: aiohttp.ClientSession
    requests: list[Seen] = field(default_factory=list)
    delivered: list[Seen] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0
    _next: deque[Outcome] = field(default_factory=deque)
    _otherwise: Outcome = passed_on
    _may_go: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._may_go.set()

    def let_next_be(self, *outcomes: Outcome) -> None:
        """What becomes of the next requests, in their order; those after them are passed on."""
        self._next.extend(outcomes)

    def go_down(self) -> None:
        """Break the connection of every request from now on."""
        self._otherwise = cut

    def come_back(self) -> None:
        """Pass requests on again."""
        self._otherwise = passed_on

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

    def make_app(self) -> web.Application:
        """The proxy's application."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        seen = Seen(
            request.method, request.path, request.headers, await request.read(), time.monotonic()
        )
        self.requests.append(seen)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)

        async def pass_on(request: web.Request) -> web.Response:
            self.delivered.append(seen)
            return await self._pass_on(request)

        try:
            await self._may_go.wait()
            outcome = self._next.popleft() if self._next else self._otherwise
            return await outcome(request, pass_on)
        finally:
            self._at_once -= 1

    async def _pass_on(self, request: web.Request) -> web.Response:
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


def end_to_end(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """The headers that a proxy passes on."""
    passed = CIMultiDict(headers)
    for name in HOP_BY_HOP:
        passed.popall(name, None)
    return passed


def event_ids(requests: Iterable[Seen]) -> list[str]:
    """The id of every event in these requests: twice, if it was sent twice."""
    return [event["event_id"] for seen in requests for event in seen.events]


def session_ids(requests: Iterable[Seen]) -> set[str]:
    """The sessions of the events in these requests."""
    return {event["session_id"] for seen in requests for event in seen.events}
