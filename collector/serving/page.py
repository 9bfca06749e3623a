"""The page of a process beside the collectors: its metrics, and whether it is well."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from collector.api.endpoints import HEALTHZ_PATH, METRICS_PATH, READYZ_PATH
from collector.serving.listening import url_of

logger = logging.getLogger(__name__)


def make_page(
    render_metrics: Callable[[], bytes],
    find_fault: Callable[[], str | None],
    figures: Callable[[], Mapping[str, int]],
) -> web.Application:
    """What operators ask it for. `find_fault` says why it is not ready, `figures` what it does."""

    async def show_metrics(_request: web.Request) -> web.Response:
        return web.Response(body=render_metrics(), content_type="text/plain")

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_request: web.Request) -> web.Response:
        fault = find_fault()
        answer = {"status": fault or "ready", **figures()}
        return web.json_response(answer, status=503 if fault else 200)

    app = web.Application()
    app.router.add_get(METRICS_PATH, show_metrics)
    app.router.add_get(HEALTHZ_PATH, healthz)
    app.router.add_get(READYZ_PATH, readyz)
    return app


@asynccontextmanager
async def showing(app: web.Application, sockets: Sequence[socket.socket]) -> AsyncIterator[None]:
    """An application on bound sockets, for as long as the block runs."""
    runner = web.AppRunner(app, access_log=None)
    try:
        await runner.setup()
        for listener in sockets:
            await web.SockSite(runner, listener).start()
            logger.info("metrics on %s", url_of(listener))
        yield
    finally:
        await runner.cleanup()
