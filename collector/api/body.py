"""Reading a request's body: its type, its encoding, its size, its time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import hdrs, web

from collector.allowance import AddressAllowance
from collector.api.asked import Asked
from collector.contract.wire import gunzip
from collector.errors import (
    BodiesFull,
    BodyTimeout,
    BodyTooLarge,
    ClientGone,
    InvalidJson,
    TooManyBytes,
    UnsupportedBody,
)
from collector.event import RequestContext

# text/plain is what sendBeacon and requests without a preflight send.
JSON_TYPES = frozenset({"application/json", "text/plain"})
# As trackers and browsers write these, and none at all: they need not be taken apart.
USUAL_TYPES = JSON_TYPES | {None, "application/json; charset=utf-8", "text/plain;charset=UTF-8"}
GZIP = frozenset({"gzip", "x-gzip"})
ENCODINGS = GZIP | {"", "identity"}


@dataclass(slots=True)
class BodyBudget:
    """How many bytes of bodies that are still arriving the process holds."""

    max_bytes: int
    held: int = 0

    @contextmanager
    def hold(self) -> Iterator[Callable[[int], None]]:
        """What the block is given holds so many bytes more, until the block ends.

        It raises BodiesFull where they would be too many.
        """
        mine = 0

        def take(size: int) -> None:
            """Hold so many more. Raises BodiesFull."""
            nonlocal mine
            if self.held + size > self.max_bytes:
                raise BodiesFull("Too many bodies are arriving; send it again.")
            self.held += size
            mine += size

        try:
            yield take
        finally:
            self.held -= mine


@dataclass(slots=True)
class BodyLimits:
    """What bounds the bodies; settings.py says what each is for."""

    max_bytes: int
    timeout_seconds: float
    budget: BodyBudget
    bytes_per_minute: int  # 0: any
    clock: Callable[[], float] = time.monotonic
    addresses: AddressAllowance = field(init=False)

    def __post_init__(self) -> None:
        self.addresses = AddressAllowance(self.bytes_per_minute)

    def count(self, context: RequestContext, size: int) -> None:
        """Raises TooManyBytes where a client address has sent more than it may in a minute.

        Only the address of a stamp is a client's: any other may be the gateway's, and all
        clients would share what one may send.
        """
        if not self.bytes_per_minute or not context.stamp_verified:
            return
        if not self.addresses.take(context.client_ip, self.clock(), size):
            raise TooManyBytes("This address has sent too much in a minute; send it later.")


LIMITS = web.AppKey("body_limits", BodyLimits)


async def read_body(request: Asked, context: RequestContext) -> bytes:
    """The body, unpacked.

    The server must run with auto_decompress=False, since aiohttp would unpack
    deflate and brotli too, and before the limit is known.
    Raises UnsupportedBody, BodyTooLarge, BodyTimeout, BodiesFull, TooManyBytes, and
    InvalidJson for broken gzip. A sender that has gone is no reason to raise where its body is
    whole: a page that closes does not wait for an answer.
    """
    limits = request.app[LIMITS]
    refuse_other_types(request)
    encoding = request.headers.get(hdrs.CONTENT_ENCODING, "").strip().lower()
    if encoding not in ENCODINGS:
        raise UnsupportedBody(f"Content-Encoding {encoding!r} is not read here; send gzip or none.")
    body = await read_bounded(request, limits)
    if encoding in GZIP:
        body = gunzip(body, limits.max_bytes)
    limits.count(context, len(body))
    return body


def refuse_gone(request: Asked) -> None:
    """Raises ClientGone where nobody waits for the answer to a batch: it is sent again."""
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ClientGone("The client has gone.")


def refuse_other_types(request: Asked) -> None:
    """Raises UnsupportedBody where a body says that it is no JSON, or not in UTF-8."""
    if request.headers.get(hdrs.CONTENT_TYPE) in USUAL_TYPES:
        return
    if request.content_type not in JSON_TYPES:
        raise UnsupportedBody(
            f"Content-Type {request.content_type!r} is not read here; send application/json."
        )
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedBody(f"The charset {request.charset!r} is not read here; send UTF-8.")


async def read_bounded(request: Asked, limits: BodyLimits) -> bytes:
    """The body as sent, read no further than the limits, and no longer.

    Raises BodyTooLarge, BodiesFull and BodyTimeout past the limits, and InvalidJson where the
    body ends early.
    """
    if (request.content_length or 0) > limits.max_bytes:
        raise too_large(limits.max_bytes)
    try:
        if request.content.is_eof():  # nearly always: it came with its headers
            return bounded(request.content.read_nowait(), limits.max_bytes)
        async with asyncio.timeout(limits.timeout_seconds):
            return await read_arriving(request, limits)
    except TimeoutError:
        late = f"The body took longer than {limits.timeout_seconds} seconds."
        raise BodyTimeout(late) from None
    except (web.RequestPayloadError, ConnectionError):  # the latter: its sender has gone
        raise InvalidJson("The body ended before its announced length.") from None


async def read_arriving(request: Asked, limits: BodyLimits) -> bytes:
    """A body of which more is to come, counted while it is held.

    Raises BodyTooLarge and BodiesFull past the limits, what aiohttp raises where it ends early.
    """
    content = request.content
    pieces, size = [], 0
    with limits.budget.hold() as take:
        while not content.at_eof():
            piece = await content.readany()
            take(len(piece))
            size += len(piece)
            if size > limits.max_bytes:
                raise too_large(limits.max_bytes)
            pieces.append(piece)
        return b"".join(pieces)


def bounded(body: bytes, max_bytes: int) -> bytes:
    """The same body. Raises BodyTooLarge past the limit."""
    if len(body) > max_bytes:
        raise too_large(max_bytes)
    return body


def too_large(max_bytes: int) -> BodyTooLarge:
    """The error for a body over the limit."""
    return BodyTooLarge(f"The body is over {max_bytes} bytes.")
