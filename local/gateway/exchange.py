"""One request on its way through the gateway, and what plugins have done to it so far."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from multidict import CIMultiDict, CIMultiDictProxy

from local.gateway.config.types import Route

HeaderValue = str | Sequence[str]


@dataclass(frozen=True)
class IncomingRequest:
    """The request as the client sent it; ``host`` is lower case and has no port, and ``peer`` is
    the address that it came from, the client's."""

    method: str
    path: str
    query: str | None
    headers: CIMultiDictProxy[str]
    host: str
    peer: str
    server_port: int
    read_body: Callable[[], Awaitable[bytes]]


@dataclass
class Exchange:
    """The state that the phases share.

    ``headers`` starts as the client's headers; plugins change them, and later plugins and
    the upstream see the changes. ``response_headers`` are those that plugins set before
    there is a response.
    """

    request: IncomingRequest
    route: Route
    request_id: str
    headers: CIMultiDict[str]
    response_headers: CIMultiDict[str] = field(default_factory=CIMultiDict)
    started_at: float = field(default_factory=time.monotonic)


def decode_headers(raw_headers: Iterable[tuple[bytes, bytes]]) -> CIMultiDictProxy[str]:
    """Decode header lines, with names as they were sent (aiohttp's own lose their case)."""
    return CIMultiDictProxy(
        CIMultiDict(
            (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
            for name, value in raw_headers
        )
    )


def set_headers(headers: CIMultiDict[str], values: Mapping[str, HeaderValue]) -> None:
    """Replace headers; a list gives one header line an entry, an empty list removes it."""
    for name, value in values.items():
        headers.popall(name, None)
        for line in [value] if isinstance(value, str) else value:
            headers.add(name, line)
