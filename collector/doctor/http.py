"""Asking a server, and its answer read to the end."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from io import BytesIO
from pathlib import Path
from time import time
from typing import Any

import aiohttp
from multidict import CIMultiDictProxy

from collector.doctor.marked import USER_AGENT

ANSWER_SECONDS = 15.0
MOST_BODY_BYTES = 1_048_576
UNREACHABLE = (aiohttp.ClientError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, as far as the checks look at it."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    asked_at: float  # on this machine's clock, in seconds since 1970
    answered_at: float

    def json(self) -> Any:
        """The body, where it is JSON; else None."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def error(self) -> str:
        """The code that the collector and the plugin give their errors; "" for Kong's own."""
        content = self.json()
        return str(content.get("error", "")) if isinstance(content, dict) else ""

    def values(self, name: str) -> list[str]:
        """Each value of a header, also of one that a proxy has put together with commas."""
        lines = self.headers.getall(name, [])
        return [value.strip() for line in lines for value in line.split(",")]

    @property
    def cors(self) -> dict[str, str]:
        """The CORS headers, with names in lower case."""
        found = {name.lower(): value for name, value in self.headers.items()}
        return {n: v for n, v in found.items() if n.startswith("access-control-")}

    @property
    def clock_offset(self) -> float | None:
        """How far the server's clock is ahead of this machine's, by its Date; to a second."""
        try:
            date = parsedate_to_datetime(self.headers.get("Date", ""))
        except ValueError:
            return None
        # Date has no fractions: half a second is what it leaves out on average.
        return date.timestamp() + 0.5 - (self.asked_at + self.answered_at) / 2


class Client:
    """Asks one server."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self.url = url.rstrip("/")

    async def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """The answer. Raises one of UNREACHABLE where there is none."""
        asked_at = time()
        data = None if body is None else BytesIO(body)  # large bytes would make aiohttp warn
        async with self._session.request(
            method, self.url + path, headers=headers, data=data, allow_redirects=False
        ) as answer:
            content = await answer.content.read(MOST_BODY_BYTES)
            return Answer(answer.status, answer.headers, content, asked_at, time())

    async def post(
        self, path: str, content: object, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to JSON. Raises one of UNREACHABLE where there is none."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return await self.ask(
            "POST", path, {"Content-Type": "application/json", **(headers or {})}, body
        )


@asynccontextmanager
async def open_session(ca_file: Path | None) -> AsyncIterator[aiohttp.ClientSession]:
    """What clients share: connections that say who asks. Each question has a connection of its
    own, as those of different visitors have."""
    connector = aiohttp.TCPConnector(ssl=tls_context(ca_file), force_close=True)
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, headers={"User-Agent": USER_AGENT}
    ) as session:
        yield session


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Who is believed: the authorities of this machine, and those of a file."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context
