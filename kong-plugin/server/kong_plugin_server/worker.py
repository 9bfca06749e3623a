"""The process that runs the plugin: serves the connections that the supervisor has accepted."""

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
from typing import Any

from kong_plugin_server.channel import CONNECTIONS, PAGE, READY, Channel
from kong_plugin_server.colleagues import Colleagues
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
    """Serves one plugin on the connections that the supervisor passes on, until told to stop."""

    def __init__(
        self, channel: Channel, connections: Connections, metrics: Metrics, phase_limit: float
    ) -> None:
        self._channel = channel
        self._connections = connections
        self._metrics = metrics
        self._phase_limit = phase_limit
        self._stopped = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until told to stop; then let running events end."""
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self._stopped.set)
        self._connections.readiness.start()
        self._channel.start(self._receive)
        self._start_task(self._stop_late_events())
        self._connections.watchdog.start()
        self._channel.send(READY)
        await self._stopped.wait()
        self._receive()  # what was passed on before the signal came
        await self._drain()
        self._connections.watchdog.stop()

    def _start_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _receive(self) -> None:
        """What the supervisor sends: connections that it has accepted, mostly."""
        for packet in self._channel.receive():
            if packet.kind == CONNECTIONS:
                self._serve(packet.descriptors)
            elif packet.kind == PAGE:
                self._tell_metrics(packet.number)
            else:
                self._connections.colleagues.take(packet)
        if not self._channel.is_open:  # the supervisor has ended
            self._connections.colleagues.lose()
            self._stopped.set()

    def _serve(self, descriptors: Sequence[int]) -> None:
        for descriptor in descriptors:
            # Said outright: Python would ask the kernel for each.
            connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, descriptor)
            self._connections.serve(connected)

    def _tell_metrics(self, question: int) -> None:
        try:
            self._channel.send_text(PAGE, question, self._metrics.render())
        except OSError as problem:
            logger.error("cannot tell metrics: %s", problem)  # noqa: TRY400  # one line

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
    parser.add_argument("--supervisor", type=int, required=True, help="descriptor of the channel")
    parser.add_argument("--first-id", type=int, required=True, help="of the instances")
    parser.add_argument("--phase-limit", type=float, required=True)
    options = parser.parse_args(arguments)
    log_to_stderr()
    channel = Channel(socket.socket(fileno=options.supervisor))
    plugin = load_plugin(options.name, options.module)
    instances = Instances(plugin, options.first_id)
    watchdog = Watchdog(options.phase_limit)
    metrics = Metrics(plugin.name, plugin.version)
    colleagues = Colleagues(channel, instances, watchdog)
    connections = Connections(instances, colleagues, metrics, watchdog)
    metrics.instances = lambda: len(instances)
    metrics.in_flight = lambda: sum(c.event is not None for c in connections.open)
    gc.freeze()  # what was loaded stays: the collector need not look at it again
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(Worker(channel, connections, metrics, options.phase_limit).run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
