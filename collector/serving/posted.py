"""Requests that take an event, without what aiohttp does for any application.

aiohttp reads them from the connection, orders and bounds them, and times clients out, as all
others. Its router, middlewares, request and response, which serve any endpoint, cost an event
more than all that the collector does with it, so these have a request and an answer of their own
(docs/experiments.md#the-way-around-aiohttps-application). What is unusual about a request, such
as an Expect header or a query, goes the usual way to the same endpoint (api/asked.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any, cast

from aiohttp import StreamReader, hdrs, web
from aiohttp.helpers import HeadersMixin, rfc822_formatted_time
from aiohttp.http import HttpVersion10, RawRequestMessage, StreamWriter
from aiohttp.web_protocol import RequestHandler

from collector.api.answers import JSON_TYPE, Reply
from collector.api.app import SERVER_NAME
from collector.api.asked import Endpoint
from collector.api.errors import answer_of_aiohttp, counted, error_reply
from collector.api.keys import ENDPOINTS, METRICS, STOPPING
from collector.api.stamp import REQUEST_ID_HEADER
from collector.logs import REQUEST_ID

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
MakeRequest = Callable[..., web.BaseRequest]


class PostedRequest(HeadersMixin):
    """A POST whose path is an endpoint's: what endpoints are asked (api/asked.py)."""

    __slots__ = ("_message", "_task", "app", "content", "endpoint", "headers", "path", "writer")
    method = hdrs.METH_POST

    def __init__(
        self,
        app: web.Application,
        endpoint: Endpoint,
        message: RawRequestMessage,
        content: StreamReader,
        writer: StreamWriter,
    ) -> None:
        self.app = app
        self.endpoint = endpoint
        self.content = content
        self.writer = writer
        self.path = message.path
        self.headers = self._headers = message.headers
        self._message = message
        self._task = None  # aiohttp sets it

    @property
    def remote(self) -> str | None:
        """The address of the connection's other end."""
        peer = self.transport.get_extra_info("peername") if self.transport else None
        return str(peer[0]) if isinstance(peer, tuple) else peer

    @property
    def transport(self) -> asyncio.Transport | None:
        """The connection, while it is open."""
        return self.writer.transport

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection may be used again."""
        return not self._message.should_close

    @property
    def is_of_http10(self) -> bool:
        """Whether its sender speaks HTTP/1.0 alone."""
        return self._message.version == HttpVersion10

    def _cancel(self, error: BaseException) -> None:
        """See aiohttp: the connection is lost, or the server ends."""
        self.content.set_exception(error)

    def _finish(self) -> None:
        """See aiohttp: the request is answered."""


class PostedAnswer:
    """A reply as aiohttp's RequestHandler has it written: all of it in one call."""

    __slots__ = ("_request", "keep_alive", "reply")

    def __init__(self, request: PostedRequest, reply: Reply) -> None:
        self.reply = reply
        self._request = request
        self.keep_alive = request.keeps_alive and not request.app[STOPPING].is_set()

    async def prepare(self, _request: object) -> None:
        """See aiohttp: there is nothing to do before it is written."""

    async def write_eof(self) -> None:
        """Write it, and wait where the client does not read.

        Raises ConnectionError where the client has gone.
        """
        writer = self._request.writer
        transport = writer.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("The client has gone.")
        transport.write(self._head() + self.reply.body)
        if writer.protocol.writing_paused:
            await writer.drain()

    def _head(self) -> bytes:
        """The status line and the headers."""
        status, body, headers = self.reply
        old = self._request.is_of_http10
        more = "".join([f"{name}: {text}\r\n" for name, text in headers.items()]) if headers else ""
        if self.keep_alive == old:  # what a client of its version does not expect is said
            more += f"Connection: {'keep-alive' if self.keep_alive else 'close'}\r\n"
        first = first_lines(status, old)
        return (
            f"{first}Content-Length: {len(body)}\r\nDate: {rfc822_formatted_time()}\r\n{more}\r\n"
        ).encode()


@lru_cache(maxsize=64)
def first_lines(status: int, of_http10: bool) -> str:
    """What begins every answer of a status."""
    version = "1.0" if of_http10 else "1.1"
    return (
        f"HTTP/{version} {status} {HTTPStatus(status).phrase}\r\n"
        f"Content-Type: {JSON_TYPE}\r\nServer: {SERVER_NAME}\r\n"
    )


def answer_posted(server: web.Server, app: web.Application) -> None:
    """Have a server ask the application's endpoints itself, and the application for the rest."""
    endpoints = app.get(ENDPOINTS)
    if endpoints is None:
        return
    server.request_factory = make_request_factory(app, endpoints, server.request_factory)
    server.request_handler = make_request_handler(app, server.request_handler)


def make_request_factory(
    app: web.Application, endpoints: Mapping[str, Endpoint], make_other: MakeRequest
) -> MakeRequest:
    """How requests are made of what was read: those that take an event, or as `make_other`."""

    def make_request(
        message: RawRequestMessage,
        content: StreamReader,
        protocol: RequestHandler,
        writer: StreamWriter,
        task: asyncio.Task[None],
    ) -> web.BaseRequest:
        endpoint = endpoints.get(message.path)
        if endpoint is None or not is_usual(message):
            return make_other(message, content, protocol, writer, task)
        request = PostedRequest(app, endpoint, message, content, writer)
        return cast(web.BaseRequest, request)  # as far as RequestHandler uses it

    return make_request


def is_usual(message: RawRequestMessage) -> bool:
    """Whether a request only takes an event."""
    return (
        message.method == hdrs.METH_POST
        and not message.upgrade
        and hdrs.EXPECT not in message.headers
    )


def make_request_handler(app: web.Application, handle_other: Handle) -> Handle:
    """How requests are answered: those that take an event, and others as `handle_other`."""
    count = app[METRICS].count_refused

    async def handle(request: web.BaseRequest | PostedRequest) -> Any:
        if not isinstance(request, PostedRequest):
            try:
                return await handle_other(request)
            except web.HTTPExpectationFailed as error:  # aiohttp looks before any middleware does
                return answer_of_aiohttp(error, count)
        REQUEST_ID.set(request.headers.get(REQUEST_ID_HEADER))  # in the context of this task alone
        try:
            reply = await request.endpoint(request)
        except Exception as error:  # noqa: BLE001  # it is logged
            reply = error_reply(counted(request, error, count))
        return PostedAnswer(request, reply)

    return handle
