"""Running the collector as a server until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable

from aiohttp import web

from collector.app import make_app
from collector.logs import configure_logging
from collector.settings import Settings
from collector.shutdown import REQUESTS_SHARE, finish_requests

try:
    import uvloop

    new_event_loop: Callable[[], asyncio.AbstractEventLoop] | None = uvloop.new_event_loop
except ImportError:  # uvloop does not exist for every platform; asyncio's own loop serves too
    new_event_loop = None

logger = logging.getLogger(__name__)


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is in flight.

    Raises OSError where the address cannot be listened on.
    """
    configure_logging(settings)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve_until_stopped(settings))


async def serve_until_stopped(settings: Settings) -> None:
    """Listen, say where, and wait for a signal."""
    stopped = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stopped.set)
    runner = make_runner(make_app(settings), settings.shutdown_timeout_seconds)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        await site.start()
        host, port = runner.addresses[0][:2]
        logger.info("collector ready on http://%s:%s", host, port)
        await stopped.wait()
        logger.info("stopping")
        await finish_requests(runner, settings.shutdown_timeout_seconds)
    finally:
        await runner.cleanup()


def make_runner(app: web.Application, shutdown_seconds: float) -> web.AppRunner:
    """The server around an application, as body.py needs it."""
    return web.AppRunner(
        app,
        access_log=None,  # it would hold addresses and page URLs, and cost more than the rest
        auto_decompress=False,
        shutdown_timeout=shutdown_seconds * REQUESTS_SHARE,
    )
