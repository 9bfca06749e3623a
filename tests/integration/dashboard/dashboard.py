"""A dashboard over real HTTP, and a client to it that keeps cookies as a browser does."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from aiohttp import web

from collector.dashboard.app import make_dashboard
from collector.dashboard.serve import make_runner
from collector.settings import Settings

TOKEN = "a-token-of-the-tests"
TOKENS = f"ann:{TOKEN},bob:another-token-of-tests"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Clock:
    """The dashboard's clock, which a test may put forward."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Answered:
    """An answer that was read."""

    status: int
    headers: Any
    text: str

    @property
    def location(self) -> str:
        return str(self.headers["Location"])


@dataclass
class Dashboard:
    """A dashboard that listens, and a browser."""

    url: str
    database: str
    clock: Clock
    client: aiohttp.ClientSession
    app: web.Application
    csrf: str = field(default="")

    async def get(self, path: str, **request: Any) -> Answered:
        return await self.request("GET", path, **request)

    async def post(self, path: str, **form: str) -> Answered:
        """A form with the token that guards against other sites' forms."""
        return await self.request("POST", path, data={"csrf": self.csrf, **form})

    async def request(self, method: str, path: str, **request: Any) -> Answered:
        async with self.client.request(
            method, self.url + path, allow_redirects=False, **request
        ) as answer:
            return Answered(answer.status, answer.headers, await answer.text())

    async def log_in(self, token: str = TOKEN) -> None:
        answer = await self.request("POST", "/login", data={"token": token})
        assert answer.status == 303, answer.text
        page = await self.get("/share-links")
        self.csrf = csrf_of(page.text)


def csrf_of(page: str) -> str:
    """What the forms of a page carry."""
    found = re.search(r'name="csrf" value="([0-9a-f]{96})"', page)
    assert found, page
    return found[1]


@asynccontextmanager
async def run_dashboard(
    database: str, clock: Callable[[], datetime] | None = None, **settings: Any
) -> AsyncIterator[Dashboard]:
    """A dashboard on a free port, in this process, and a browser that has no cookies yet."""
    given = {"database_url": database, "dashboard_tokens": TOKENS, **settings}
    own_clock = clock or Clock()
    app = make_dashboard(Settings(**given), own_clock)
    runner = make_runner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
            yield Dashboard(url, database, own_clock, client, app)  # type: ignore[arg-type]
    finally:
        await runner.cleanup()
