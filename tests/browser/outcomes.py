"""What may become of a request on its way to the gateway."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

PassOn = Callable[[web.Request], Awaitable[web.Response]]
Outcome = Callable[[web.Request, PassOn], Awaitable[web.Response]]


async def passed_on(request: web.Request, pass_on: PassOn) -> web.Response:
    """The gateway gets it and answers."""
    return await pass_on(request)


async def cut(request: web.Request, _pass_on: PassOn) -> web.Response:
    """The connection breaks before the gateway hears of it."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def answer_lost(request: web.Request, pass_on: PassOn) -> web.Response:
    """The gateway gets it, and the connection breaks before the answer is back."""
    await pass_on(request)
    return await cut(request, pass_on)


def answered(status: int, body: str = "", **headers: str) -> Outcome:
    """An answer in the gateway's place; the plugin's CORS headers are on Kong's own errors too."""

    async def answer(request: web.Request, _pass_on: PassOn) -> web.Response:
        cors = {
            "Access-Control-Allow-Origin": request.headers["Origin"],
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Expose-Headers": "Retry-After",
        }
        return web.Response(status=status, text=body, headers={**cors, **headers})

    return answer


def answered_before_the_gateway(status: int) -> Outcome:
    """An answer by something in front of Kong, without CORS headers: no page may read it."""

    async def answer(_request: web.Request, _pass_on: PassOn) -> web.Response:
        return web.Response(status=status)

    return answer
