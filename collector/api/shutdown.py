"""Stopping without losing a request: what is in flight is answered, nothing new begins."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web

from collector.api.keys import FAILOVER, STOPPING

logger = logging.getLogger(__name__)

# How the time limit is spent: until then the sink may take what is in flight (the rest goes
# to the spool), and until then a client may finish sending its request.
SINK_SHARE = 0.5
REQUESTS_SHARE = 0.75

# How long clients with a kept-alive connection have to send one more request, and to be
# told to close it. Where the server closes it, it may cut off a request on its way.
LAST_REQUEST_SECONDS = 1.0
LOOK_SECONDS = 0.02


async def finish_requests(runner: web.AppRunner, limit_seconds: float) -> None:
    """Stop listening, and let clients finish; runner.cleanup() ends what is left then."""
    runner.app[STOPPING].set()
    now = asyncio.get_running_loop().time()
    runner.app[FAILOVER].cut_off_sink(now + limit_seconds * SINK_SHARE)
    for site in list(runner.sites):
        await site.stop()
    await wait_for_last_requests(runner)


async def wait_for_last_requests(runner: web.AppRunner) -> None:
    """Return when no connection is left, or each has had its time."""
    server = runner.server
    if server is None:
        return
    try:
        async with asyncio.timeout(LAST_REQUEST_SECONDS):
            while server.connections:  # noqa: ASYNC110  # aiohttp has no event for it
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        logger.info("closing %d connections that are idle or busy", len(server.connections))


async def close_while_stopping(request: web.Request, response: web.StreamResponse) -> None:
    """Tell the client of a stopping collector that this answer is the connection's last."""
    if request.app[STOPPING].is_set():
        response.force_close()
        response.headers["Connection"] = "close"
