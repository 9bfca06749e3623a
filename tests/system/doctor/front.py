"""A proxy in front of a real server that does one thing wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from tests.support import serve_app

# Of one connection alone, not of the request.
HOP = {"connection", "transfer-encoding", "content-length", "host", "date", "server"}

Change = Callable[[web.Request, web.Response], None]
Before = Callable[[web.Request, CIMultiDict[str]], None]


@asynccontextmanager
async def run_front(
    upstream: str,
    change: Change = lambda _request, _answer: None,
    before: Before = lambda _request, _headers: None,
    address: str = "127.0.0.1",
) -> AsyncIterator[str]:
    """Its address; `before` changes headers on their way in, `change` answers on their way out."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0), force_close=True)
    async with aiohttp.ClientSession(upstream, connector=connector) as client:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", make_handler(client, change, before))
        async with serve_app(app) as url:
            yield url


def make_handler(
    client: aiohttp.ClientSession, change: Change, before: Before
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Sends each request on."""

    async def handle(request: web.Request) -> web.Response:
        headers = CIMultiDict((n, v) for n, v in request.headers.items() if n.lower() not in HOP)
        before(request, headers)
        async with client.request(
            request.method,
            request.rel_url,
            headers=headers,
            data=await request.read(),
            allow_redirects=False,
        ) as answer:
            kept = CIMultiDict((n, v) for n, v in answer.headers.items() if n.lower() not in HOP)
            passed = web.Response(status=answer.status, body=await answer.read(), headers=kept)
        change(request, passed)
        return passed

    return handle
