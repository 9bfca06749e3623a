"""What an endpoint that takes a body is asked, whoever read the request from its connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from aiohttp import StreamReader, web
from aiohttp.typedefs import Handler

from collector.api.answers import Reply, response_of


class Asked(Protocol):
    """A request. aiohttp's is one; serving/posted.py has one that is made in a tenth of the time.

    Names of headers are found in any case.
    """

    @property
    def app(self) -> web.Application:
        """Whose endpoint is asked."""

    @property
    def method(self) -> str:
        """Of HTTP."""

    @property
    def path(self) -> str:
        """Without the query."""

    @property
    def headers(self) -> Mapping[str, str]:
        """As sent."""

    @property
    def content_type(self) -> str:
        """Of the body, without parameters."""

    @property
    def charset(self) -> str | None:
        """Of the body, where its type names one."""

    @property
    def content_length(self) -> int | None:
        """Of the body, where it was announced."""

    @property
    def content(self) -> StreamReader:
        """The body, as it arrives."""

    @property
    def remote(self) -> str | None:
        """The address of the connection's other end."""

    @property
    def transport(self) -> asyncio.Transport | None:
        """The connection, while it is open."""


Endpoint = Callable[[Asked], Awaitable[Reply]]


def make_handler(endpoint: Endpoint) -> Handler:
    """An endpoint as aiohttp asks it."""

    async def handle(request: web.Request) -> web.Response:
        return response_of(await endpoint(request))

    return handle
