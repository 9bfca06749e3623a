"""HTTP on the gateway's port: aiohttp's low-level server around the Gateway."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from http import HTTPStatus

import aiohttp
from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from multidict import CIMultiDict

from local.gateway.exchange import IncomingRequest, decode_headers
from local.gateway.gateway import Gateway, Reply, make_error_page

log = logging.getLogger(__name__)

_SERVER_NAME = "kong"  # nginx's $host where HTTP/1.0 sends no Host
_LARGE_HEADER_BYTES = 8192  # nginx's large_client_header_buffers


def make_server(gateway: Gateway, server_port: int) -> web.Server:
    """Build the protocol factory for ``loop.create_server``."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        incoming = _read_request(request, server_port)
        return await _send(request, await gateway.answer(incoming))

    return _KongServer(
        answer,
        # nginx drops the upstream request when the client goes away.
        handler_cancellation=True,
        auto_decompress=False,
        access_log=None,
        keepalive_timeout=75.0,
        max_line_size=_LARGE_HEADER_BYTES,
        max_field_size=_LARGE_HEADER_BYTES,
    )


class _KongServer(web.Server):
    def __call__(self) -> RequestHandler:
        return _KongRequestHandler(self, loop=self._loop, **self._kwargs)


class _KongRequestHandler(RequestHandler):
    """Answers what aiohttp cannot parse with Kong's page instead of aiohttp's text."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The page for an error. Raises ConnectionError where the client went away."""
        if isinstance(exc, ConnectionError):
            raise exc  # aiohttp then just closes
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return super().handle_error(request, status, exc, message)
        self.close()
        page = make_error_page(status)
        return web.Response(status=page.status, headers=page.headers, body=page.body)


class _PlainResponse(web.StreamResponse):
    """Sends the given headers; of those that aiohttp would make up only the framing ones.

    It overrides a private hook: aiohttp has no public way to send none.
    """

    async def _prepare_headers(self) -> None:
        given = {
            name: self.headers.get(name) for name in ("Content-Type", "Content-Length", "Date")
        }
        await super()._prepare_headers()
        for name, value in given.items():
            self.headers.popall(name, None)
            if value is not None:
                self.headers[name] = value


def _read_request(request: web.BaseRequest, server_port: int) -> IncomingRequest:
    path, mark, query = request.raw_path.partition("?")
    headers = decode_headers(request.raw_headers)
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return IncomingRequest(
        method=request.method,
        path=path,
        query=query if mark else None,
        headers=headers,
        host=_parse_host(headers.get("Host") or _SERVER_NAME),
        peer=str(peer[0]) if peer else "127.0.0.1",
        server_port=server_port,
        read_body=_make_body_reader(request),
    )


def _parse_host(header: str) -> str:
    host, mark, port = header.rpartition(":")
    return (host if mark and port.isdecimal() else header).lower()


def _make_body_reader(request: web.BaseRequest) -> Callable[[], Awaitable[bytes]]:
    """Read the body once, on demand: plugins run before it has arrived."""
    kept: list[bytes] = []

    async def read_body() -> bytes:
        if not kept:
            if request.headers.get("Expect", "").lower() == "100-continue":
                await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                request.writer.output_size = 0
            kept.append(await request.content.read())
        return kept[0]

    return read_body


async def _send(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    try:
        response = _make_response(request, reply)
        await response.prepare(request)
        if reply.upstream is None:
            if _may_have_body(request.method, reply.status):
                await response.write(reply.body)
        else:
            await _copy_body(request, reply.upstream, response)
        await response.write_eof()
    finally:
        if reply.upstream is not None:
            reply.upstream.release()
    return response


def _make_response(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    headers = CIMultiDict(reply.headers)
    keeps_open = request.keep_alive and headers.get("Connection") != "close"
    headers["Connection"] = "keep-alive" if keeps_open else "close"
    if reply.upstream is None:
        headers["Date"] = formatdate(usegmt=True)
    response = _PlainResponse(status=reply.status, reason=reply.reason, headers=headers)
    if not keeps_open:
        response.force_close()
    return response


def _may_have_body(method: str, status: int) -> bool:
    return method != "HEAD" and status not in {204, 304} and status >= HTTPStatus.OK


async def _copy_body(
    request: web.BaseRequest, upstream: aiohttp.ClientResponse, response: web.StreamResponse
) -> None:
    try:
        async for chunk in upstream.content.iter_any():
            await response.write(chunk)
    except (TimeoutError, aiohttp.ClientError) as error:
        # The head is out: all that is left, as in nginx, is to cut the connection.
        log.error("upstream prematurely closed the connection: %s", error)  # noqa: TRY400
        upstream.close()
        if request.transport:
            request.transport.abort()
