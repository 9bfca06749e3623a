"""The process that runs the plugin: serves the sockets that the supervisor has opened."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import signal
import socket
import sys
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from kong_plugin_server.channel import MOST_AT_ONCE, READY
from kong_plugin_server.connection import Connections
from kong_plugin_server.event import PhaseTimeout
from kong_plugin_server.fast_loop import new_event_loop
from kong_plugin_server.hosting import Instances
from kong_plugin_server.log import log_to_stderr
from kong_plugin_server.metrics import Metrics
from kong_plugin_server.plugin_module import load_plugin
from kong_plugin_server.watchdog import Watchdog

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 2.0  # for connections to be used once more, and ended then
CLOSE_SECONDS = 3.0  # for Kong to close those that were not
SWEEP_SECONDS = 1.0


class Worker:
    """Serves one plugin on a listening socket until it is told to stop."""

    def __init__(self, connections: Connections, phase_limit: float) -> None:
        self._connections = connections
        self._phase_limit = phase_limit
        self._stopped = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, supervisor: socket.socket, scrapes: socket.socket | None) -> None:
        """Serve the connections that the supervisor passes on, until told to stop.

        Then let running events end.
        """
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self._stopped.set)
        self._connections.readiness.start()
        loop.add_reader(supervisor.fileno(), self._receive, supervisor)
        if scrapes is not None:
            loop.add_reader(scrapes.fileno(), self._accept_scrape, scrapes)
        self._start_task(self._stop_late_events())
        self._connections.watchdog.start()
        supervisor.send(READY)
        await self._stopped.wait()
        for channel in filter(None, (scrapes, supervisor)):
            loop.remove_reader(channel.fileno())
        self._receive(supervisor)  # what was passed on before the signal came
        await self._drain()
        self._connections.watchdog.stop()

    def _start_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _receive(self, supervisor: socket.socket) -> None:
        """Take connections that the supervisor has accepted."""
        while True:
            try:
                message, descriptors, _, _ = socket.recv_fds(supervisor, 16, MOST_AT_ONCE)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                message, descriptors = b"", []
            if not message:  # the supervisor has ended
                self._stopped.set()
                return
            for descriptor in descriptors:
                # Said outright: Python would ask the kernel for each.
                connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, descriptor)
                self._connections.serve(connected)

    def _accept_scrape(self, listening: socket.socket) -> None:
        try:
            accepted, _ = listening.accept()
        except OSError:
            return
        accepted.setblocking(False)
        self._start_task(self._answer_scrape(accepted))

    async def _answer_scrape(self, accepted: socket.socket) -> None:
        """Any HTTP request is answered with the metrics."""
        loop = asyncio.get_running_loop()
        with accepted, suppress(OSError):  # a scraper that leaves, or says nothing in time
            async with asyncio.timeout(5):
                await loop.sock_recv(accepted, 65_536)
                body = self._connections.metrics.render()
                head = (
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                )
                await loop.sock_sendall(accepted, head.encode() + body)

    async def _stop_late_events(self) -> None:
        """Events that wait for Kong too long; the watchdog has those that block."""
        while True:
            await asyncio.sleep(min(self._phase_limit / 4, SWEEP_SECONDS))
            now = time.monotonic()
            self._connections.stop_late_events(now, self._phase_limit, PhaseTimeout)
            self._connections.cut_late_closers(now)

    async def _drain(self) -> None:
        self._connections.drain()
        await self._until_closed(DRAIN_SECONDS)
        self._connections.end_idle()
        await self._until_closed(CLOSE_SECONDS)
        if self._connections.open:
            logger.warning("stopped with %d connections open", len(self._connections.open))

    async def _until_closed(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._connections.open and time.monotonic() < deadline:  # noqa: ASYNC110  # Kong's
            await asyncio.sleep(0.01)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the process; the supervisor starts it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("module")
    parser.add_argument("--scrapes", type=int, help="descriptor of the metrics' listener")
    parser.add_argument("--supervisor", type=int, required=True, help="descriptor of the channel")
    parser.add_argument("--phase-limit", type=float, required=True)
    parser.add_argument("--restarts", type=int, default=0)
    options = parser.parse_args(arguments)
    log_to_stderr()
    plugin = load_plugin(options.name, options.module)
    metrics = Metrics(options.restarts, plugin.name, plugin.version)
    instances = Instances(plugin)
    connections = Connections(instances, metrics, Watchdog(options.phase_limit))
    metrics.instances = lambda: len(instances)
    metrics.in_flight = lambda: sum(c.event is not None for c in connections.open)
    scrapes = non_blocking(options.scrapes) if options.scrapes is not None else None
    gc.freeze()  # what was loaded stays: the collector need not look at it again
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        worker = Worker(connections, options.phase_limit)
        supervisor = non_blocking(options.supervisor)
        runner.run(worker.run(supervisor, scrapes))
    return 0


def non_blocking(descriptor: int) -> socket.socket:
    """A socket that the supervisor has opened."""
    inherited = socket.socket(fileno=descriptor)
    inherited.setblocking(False)
    return inherited


if __name__ == "__main__":
    sys.exit(main())
