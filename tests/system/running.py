"""A running system, and a client of its gateway."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import aiohttp
from multidict import CIMultiDictProxy

from tests.support import Rows, fetch

ORIGIN = "https://www.ainative.studio"  # one that kong/kong.yml allows
DEMO_ORIGIN = "http://localhost:5177"  # one that is added to it, as `make run` does
TRACK, FUNNEL = "/v1/events/track", "/v1/events/funnel"
BATCH, PIXEL = "/v1/events/batch", "/v1/events/pixel.gif"
SCRIPT = "/t.js"


@dataclass(frozen=True)
class RunningSystem:
    """Where a system is; the collector's process where it was started here."""

    gateway_url: str
    database: str
    collector_url: str | None = None
    collector: subprocess.Popen[bytes] | None = None
    addresses: itertools.count[int] = field(default_factory=lambda: itertools.count(2))

    @property
    def is_local(self) -> bool:
        """Whether the gateway sees the loopback address that a client chooses."""
        return self.gateway_url.startswith("http://127.0.0.1:")

    def next_address(self) -> str:
        """A loopback address that no other test uses."""
        number = next(self.addresses)
        return f"127.0.{number // 250}.{number % 250 + 1}"

    async def events(self, session_id: str) -> Rows:
        """The stored events of a session, in the order in which they came."""
        query = "SELECT * FROM conversion_events WHERE session_id = $1 ORDER BY created_at, id"
        return await fetch(self.database, query, session_id)

    async def funnels(self, session_id: str) -> Rows:
        """The session's row of the funnel, or none."""
        query = "SELECT * FROM conversion_funnel WHERE session_id = $1"
        return await fetch(self.database, query, session_id)


@dataclass(frozen=True)
class Answer:
    """An answer, read to its end."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Gateway:
    """A client of the gateway, with a session of its own."""

    system: RunningSystem
    client: aiohttp.ClientSession
    address: str | None
    session_id: str = field(default_factory=lambda: f"session_{uuid4().hex}")

    async def send(self, method: str, path: str, **request: Any) -> Answer:
        """Any request. Where all tests have one address, and so one limit, when that allows it."""
        answer = await self.send_once(method, path, **request)
        while answer.status == HTTPStatus.TOO_MANY_REQUESTS and not self.system.is_local:
            await asyncio.sleep(int(answer.headers["Retry-After"]))
            answer = await self.send_once(method, path, **request)
        return answer

    async def send_once(self, method: str, path: str, **request: Any) -> Answer:
        """Any request, whatever its answer is."""
        async with self.client.request(method, path, **request) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def track(self, headers: Mapping[str, str] | None = None, **fields: Any) -> Answer:
        """A page's POST of an event, with these fields over those of a least event."""
        return await self.send(
            "POST", TRACK, json=self.event(**fields), headers={"Origin": ORIGIN, **(headers or {})}
        )

    def event(self, **fields: Any) -> dict[str, Any]:
        """A least event of this client's session, with these fields over it."""
        least = {"session_id": self.session_id, "event_type": "page_view", "event_name": "Page"}
        return {**least, **fields}

    async def rows(self) -> Rows:
        """The session's events."""
        return await self.system.events(self.session_id)


def cors_headers(answer: Answer) -> dict[str, str]:
    """The CORS headers of an answer, names in lower case."""
    found = {name.lower(): value for name, value in answer.headers.items()}
    return {n: v for n, v in found.items() if n.startswith("access-control-")}
