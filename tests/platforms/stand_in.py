"""What the stand-ins share: they listen, remember what they took, and may be told to fail."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from aiohttp import web

from tests.support import serve_app

HASH = re.compile(r"[0-9a-f]{64}")
TOKEN = "a-token-of-the-tests"


class Mood(StrEnum):
    """How a platform answers."""

    WORKS = "works"
    AWAY = "away"  # an outage
    BUSY = "busy"  # a rate limit
    REVOKED = "revoked"  # the token or the secret is worth nothing any more


class StandIn(ABC):
    """A platform. What it took stands in `taken`, by the key that it counts once by."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.url = ""
        self.mood = Mood.WORKS
        self.now = now
        self.requests = 0
        self.taken: dict[Hashable, dict[str, Any]] = {}
        self.repeated = 0  # how many came again, and were not counted

    def take(self, key: Hashable, event: dict[str, Any]) -> None:
        """An event counts once."""
        self.repeated += key in self.taken
        self.taken.setdefault(key, event)

    async def handle(self, request: web.Request) -> web.Response:
        """Any request."""
        body = await request.read()
        self.requests += 1
        return self.answer(request, body)

    @abstractmethod
    def answer(self, request: web.Request, body: bytes) -> web.Response:
        """What the platform says to it."""


Some = TypeVar("Some", bound=StandIn)


@asynccontextmanager
async def run_stand_in(stand_in: Some) -> AsyncIterator[Some]:
    """The stand-in on a free port; its address is for `test_base`."""
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", stand_in.handle)
    async with serve_app(app) as url:
        stand_in.url = url
        yield stand_in


def is_hash(value: object) -> bool:
    """Whether it is a SHA-256 in lower-case hex."""
    return isinstance(value, str) and HASH.fullmatch(value) is not None


def is_number(value: object) -> bool:
    """Whether it is an amount."""
    return isinstance(value, int | float) and not isinstance(value, bool)
