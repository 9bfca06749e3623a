"""Running the dashboard until it is told to stop."""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from datetime import UTC, datetime

from aiohttp import web

from collector.api.shutdown import wait_for_last_requests
from collector.dashboard.app import make_dashboard
from collector.logs import configure_logging
from collector.serving.connections import http_logger, limit_connections
from collector.serving.listening import BACKLOG, open_sockets, url_of
from collector.serving.serve import run_loop, stop_on_signals
from collector.settings import Settings

logger = logging.getLogger(__name__)

MOST_CONNECTIONS = 500
IDLE_SECONDS = 75.0
SHUTDOWN_SECONDS = 4.0


def serve_dashboard(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises ListenError where the address cannot be taken."""
    configure_logging(settings)
    address = "CT_DASHBOARD_HOST and CT_DASHBOARD_PORT"
    sockets = open_sockets(settings.dashboard_host, settings.dashboard_port, address)
    run_loop(serve_until_stopped(settings, sockets))


async def serve_until_stopped(settings: Settings, sockets: Sequence[socket.socket]) -> None:
    """Listen on bound sockets, say where, and wait to be stopped."""
    stopped = stop_on_signals()
    runner = make_runner(make_dashboard(settings, lambda: datetime.now(UTC)))
    try:
        await runner.setup()
        if runner.server is not None:
            limit_connections(runner.server, MOST_CONNECTIONS, lambda: None)
        for listener in sockets:
            await web.SockSite(runner, listener, backlog=BACKLOG).start()
            logger.info("dashboard ready on %s", url_of(listener))
        await stopped.wait()
        logger.info("stopping")
        for site in list(runner.sites):
            await site.stop()
        await wait_for_last_requests(runner)
    finally:
        await runner.cleanup()


def make_runner(app: web.Application) -> web.AppRunner:
    """The server around the application. A request ends with its connection, and its queries so."""
    return web.AppRunner(
        app,
        access_log=None,  # it would hold share links
        auto_decompress=False,
        handler_cancellation=True,
        keepalive_timeout=IDLE_SECONDS,
        logger=http_logger(lambda: None),
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
