"""Requests to platforms. Neither an address nor a body is logged: both may hold secrets."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

import aiohttp

from collector.conversions.conversion import Answer, Conversion, Later, Request
from collector.conversions.platform import NotAuthorized, Platform
from collector.version import VERSION

# A platform answers within a second or two; one that hangs holds up its own destination alone.
TIMEOUT = aiohttp.ClientTimeout(total=10.0, connect=5.0)
USER_AGENT = f"conversion-tracking/{VERSION}"
MAX_ANSWER_BYTES = 1_048_576

NO_ANSWER = (OSError, TimeoutError, aiohttp.ClientError)

# Told of each request, when it has ended: its address, how many conversions it had, how many
# seconds it took, and the status of its answer, or the type of the error in its place.
TraceRequest = Callable[[str, int, float, int | str], None]


@asynccontextmanager
async def open_session() -> AsyncIterator[aiohttp.ClientSession]:
    """The connections to all platforms, by a proxy where the environment names one."""
    async with aiohttp.ClientSession(
        timeout=TIMEOUT, trust_env=True, headers={"User-Agent": USER_AGENT}
    ) as session:
        yield session


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request to a platform, and what came of it."""

    answer: Answer
    seconds: float
    status: int | None = None  # of HTTP; None where there was no answer


class PlatformClient:
    """Tells one destination's platform of conversions."""

    def __init__(
        self,
        name: str,
        platform: Platform,
        session: aiohttp.ClientSession,
        trace: TraceRequest | None = None,
    ) -> None:
        self._name = name
        self._platform = platform
        self._session = session
        self._trace = trace

    async def ask(self, conversions: Sequence[Conversion], now: datetime) -> Exchange:
        """Post conversions, and say what the answer means; a platform that is away is a Later."""
        begun = time.monotonic()
        try:
            headers = await self._platform.authorize()
            request = self._platform.request(conversions, headers, now)
            status, answered, body = await self._post(request, len(conversions))
        except NotAuthorized as error:
            return Exchange(error.answer, time.monotonic() - begun)
        except NO_ANSWER as error:
            # Its text may hold the address, and that a secret.
            reason = f"no answer: {type(error).__name__}"
            return Exchange(Later(reason), time.monotonic() - begun)
        answer = self._platform.read(status, answered, body)
        return Exchange(answer, time.monotonic() - begun, status)

    async def _post(self, request: Request, conversions: int) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer. Raises as aiohttp does."""
        begun = time.monotonic()
        # As a file: aiohttp warns of as many bytes as thousands of conversions are.
        body = BytesIO(request.body)
        try:
            async with self._session.post(
                request.url, headers=request.headers, data=body, allow_redirects=False
            ) as response:
                answer = await read_start(response.content)
        except NO_ANSWER as error:
            self._note(request, conversions, begun, type(error).__name__)
            raise
        self._note(request, conversions, begun, response.status)
        return response.status, {k.lower(): v for k, v in response.headers.items()}, answer

    def _note(self, request: Request, conversions: int, begun: float, outcome: int | str) -> None:
        """Have the request traced, where that is wanted."""
        if self._trace:
            self._trace(request.url, conversions, time.monotonic() - begun, outcome)


async def read_start(content: aiohttp.StreamReader) -> bytes:
    """All of an answer, but no more than any platform says. Raises as aiohttp does."""
    read = bytearray()
    while len(read) < MAX_ANSWER_BYTES and (chunk := await content.readany()):
        read += chunk
    return bytes(read[:MAX_ANSWER_BYTES])
