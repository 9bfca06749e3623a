"""Running the collector as a server until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

from aiohttp import web

from collector.api.app import make_app
from collector.api.keys import METRICS
from collector.api.shutdown import REQUESTS_SHARE, finish_requests
from collector.logs import configure_logging
from collector.metrics import Metrics
from collector.serving.connections import (
    http_logger,
    limit_connections,
    warn_of_few_descriptors,
)
from collector.serving.listening import BACKLOG, open_sockets, url_of
from collector.serving.posted import answer_posted
from collector.settings import Settings

try:
    import uvloop

    new_event_loop: Callable[[], asyncio.AbstractEventLoop] | None = uvloop.new_event_loop
except ImportError:  # uvloop does not exist for every platform; asyncio's own loop serves too
    new_event_loop = None

logger = logging.getLogger(__name__)

# New objects between collections of the young, and how often these become collections of
# the older: 6 and 25 times fewer than Python's own. A request makes some dozen that need it.
# No more of the young, since nothing is answered while they are looked at: 5 ms for 20,000.
GC_THRESHOLDS = (4_000, 250, 100)

# How long what is left of a refused body is still read, so that its sender sees the answer.
LINGERING_SECONDS = 2.0

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a server's clients may hold, and who counts those that it turns away."""

    shutdown_seconds: float
    idle_seconds: float  # also for the headers of a request, from the end of the one before it
    max_connections: int
    count_too_many: Callable[[], None]
    count_malformed: Callable[[], None]


def bounds_of(settings: Settings, metrics: Metrics) -> Bounds:
    """Those of a collector."""
    return Bounds(
        shutdown_seconds=settings.shutdown_timeout_seconds,
        idle_seconds=settings.idle_timeout_seconds,
        max_connections=settings.max_connections,
        count_too_many=metrics.too_many.inc,
        count_malformed=metrics.malformed.inc,
    )


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is in flight.

    Raises ListenError where the address cannot be listened on.
    """
    configure_logging(settings)
    sockets = open_sockets(settings.host, settings.port)
    run_loop(serve_alone(settings, sockets))


async def serve_alone(settings: Settings, sockets: Sequence[socket.socket]) -> None:
    """Serve as the only process of these sockets."""
    await serve_collector(stop_on_signals(), settings, make_app(settings), sockets)


async def serve_collector(
    stopped: asyncio.Event,
    settings: Settings,
    app: web.Application,
    sockets: Sequence[socket.socket],
) -> None:
    """Serve the collector's application until it is stopped."""
    warn_of_few_descriptors(settings.max_connections, settings.database_pool_size)
    await serve_until(stopped, app, bounds_of(settings, app[METRICS]), sockets)


def run_loop(main: Coroutine[None, None, None]) -> None:
    """Run a coroutine on the fastest loop that there is."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main)


def stop_on_signals() -> asyncio.Event:
    """Set when SIGTERM or SIGINT comes."""
    stopped = asyncio.Event()
    for signum in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(signum, stopped.set)
    return stopped


async def serve_until(
    stopped: asyncio.Event, app: web.Application, bounds: Bounds, sockets: Sequence[socket.socket]
) -> None:
    """Listen on bound sockets, say where, and wait to be stopped."""
    runner = make_runner(app, bounds)
    try:
        await runner.setup()
        set_up_server(runner, bounds)
        spare_garbage_collector()
        for listener in sockets:
            await web.SockSite(runner, listener, backlog=BACKLOG).start()
            logger.info("collector ready on %s", url_of(listener))
        await stopped.wait()
        logger.info("stopping")
        await finish_requests(runner, bounds.shutdown_seconds)
    finally:
        await runner.cleanup()


def spare_garbage_collector() -> None:
    """Leave what the start has made, lists and rules and modules, out of every collection.

    They live as long as the process. With fewer collections it took 10 % less processor time
    a request.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def set_up_server(runner: web.AppRunner, bounds: Bounds) -> None:
    """Keep no more connections open than the bounds allow, and the way of an event short."""
    if runner.server is not None:
        limit_connections(runner.server, bounds.max_connections, bounds.count_too_many)
        answer_posted(runner.server, runner.app)


def make_runner(app: web.Application, bounds: Bounds) -> web.AppRunner:
    """The server around an application, as body.py needs it."""
    return web.AppRunner(
        app,
        access_log=None,  # it would hold addresses and page URLs, and cost more than the rest
        auto_decompress=False,
        keepalive_timeout=bounds.idle_seconds,
        lingering_time=LINGERING_SECONDS,
        logger=http_logger(bounds.count_malformed),
        shutdown_timeout=bounds.shutdown_seconds * REQUESTS_SHARE,
    )
