"""The process that owns the socket and keeps workers behind it.

It accepts Kong's connections, passes each to the worker that holds the fewest, and keeps a
copy (held.py says why). A worker that dies is replaced; meanwhile the others take all
connections, and without any they wait in the socket's backlog. SIGHUP starts workers with
the code as it is now, one after the other, and ends each old one when its new one is ready.
SIGTERM lets the workers end their events. It may be process 1 of a container.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import socket
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from kong_plugin_server.channel import MOST_AT_ONCE
from kong_plugin_server.crew import Crew, WorkerProcess
from kong_plugin_server.fast_loop import new_event_loop
from kong_plugin_server.listening import (
    Listener,
    open_metrics_socket,
    open_unix_socket,
    reason_of,
)
from kong_plugin_server.place import Place
from kong_plugin_server.scraping import Scrapes
from kong_plugin_server.systemd import announce_ready, take_handed_over

logger = logging.getLogger(__name__)

PARENT_CHECK_SECONDS = 1.0
ACCEPT_PAUSE_SECONDS = 0.2
# For the sockets, pipes and files that are no connection; each process has about 20, and the
# supervisor some for each worker.
SPARE_DESCRIPTORS = 40
DESCRIPTORS_OF_A_WORKER = 4


@dataclass(frozen=True, slots=True)
class Service:
    """What is served, where, and how."""

    name: str
    module: str
    socket: Path
    socket_mode: int = 0o660
    workers: int = 1
    metrics: str | None = None
    phase_limit: float = 5.0
    exit_with_parent: bool = False


def supervise(service: Service) -> None:
    """Serve until SIGTERM or SIGINT, or until the parent has ended where that is asked for.

    Raises OSError where a socket cannot be opened, and WorkerError where the first workers do
    not start.
    """
    with ExitStack() as sockets:
        listeners = open_listeners(service)
        for listener in listeners:
            sockets.callback(listener.close)
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(Supervisor(service, *listeners).run())


def open_listeners(service: Service) -> list[Listener]:
    """For Kong and, where they are asked for, for metrics. Raises OSError."""
    listener = take_handed_over(service.socket, os.environ) or open_unix_socket(
        service.socket, service.socket_mode
    )
    if not service.metrics:
        return [listener]
    try:
        return [listener, open_metrics_socket(service.metrics, service.socket_mode)]
    except OSError:
        listener.close()
        raise


class Supervisor:
    """Keeps the workers running."""

    def __init__(
        self, service: Service, listener: Listener, metrics: Listener | None = None
    ) -> None:
        self._service = service
        self._listener = listener
        self._metrics = metrics
        self._listeners = [listener, metrics] if metrics else [listener]
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        command = [service.name, service.module, f"--phase-limit={service.phase_limit}"]
        self._crew = Crew(command, self._stop)
        self._places: list[Place] = []
        self._watching: list[asyncio.Task[None]] = []
        self._is_over = False

    async def run(self) -> None:
        """See `supervise`. Raises WorkerError where the first workers do not start."""
        self._handle_signals()
        self._places = [
            Place(number, self._crew, self._stop, self._accept_more)
            for number in range(1, self._service.workers + 1)
        ]
        # Where no other server is, connections may wait for the first worker already.
        for listener in self._listeners:
            if not listener.is_taken():
                listener.publish()
        if not await self._fill_places():
            return
        for listener in self._listeners:
            listener.publish()
        announce_ready(os.environ)
        logger.info("serving plugin %s on %s", self._service.name, self._listener.name)
        await self._keep_places()
        logger.info("stopped")

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        if self._service.exit_with_parent:
            self._watching.append(loop.create_task(self._watch_parent(os.getppid())))

    async def _watch_parent(self, parent: int) -> None:
        """Kong's start command: when Kong is gone, nobody needs this server."""
        while os.getppid() == parent:  # noqa: ASYNC110  # nothing tells a process of its parent's end
            await asyncio.sleep(PARENT_CHECK_SECONDS)
        logger.info("the process that started this server has ended")
        self._stop.set()

    async def _fill_places(self) -> bool:
        """Start the first workers; False where this server is to stop before they serve.

        Raises WorkerError where one does not start.
        """
        starts = [place.fill() for place in self._places]
        results = await asyncio.gather(*starts, return_exceptions=True)
        problems = [result for result in results if isinstance(result, BaseException)]
        if not problems:
            return True
        await self._crew.end_all()
        if self._stop.is_set():  # they were not waited for any longer
            return False
        raise problems[0]

    async def _keep_places(self) -> None:
        """Keep the workers running until this server is to stop; then end them side by side."""
        if self._metrics is not None:
            scrapes = Scrapes(self._metrics.socket, self._places)
            scrapes.start()
        async with asyncio.TaskGroup() as keeping:
            for place in self._places:
                keeping.create_task(place.keep())
            self._watching.append(keeping.create_task(self._renew_on_reload()))
            await self._stop.wait()
            self._stop_listening()
            for task in self._watching:
                task.cancel()
        self._is_over = True
        self._accept_no_more()
        if self._metrics is not None:
            scrapes.stop()

    async def _renew_on_reload(self) -> None:
        """SIGHUP: one worker after the other, so that all others serve meanwhile."""
        while True:
            await self._reload.wait()
            self._reload.clear()
            for place in self._places:
                if not await place.renew():
                    break
            else:
                logger.info("reloaded")

    def _stop_listening(self) -> None:
        """Be found no more; who has found this server already is served while workers end.

        A socket that was handed over is left alone: the next server takes what waits there.
        """
        if self._listener.has_file:
            self._listener.remove()
        else:
            self._is_over = True
            self._accept_no_more()

    def _accept_more(self) -> None:
        """Take connections, where a worker is there for them."""
        if self._is_over:
            return
        self._listener.socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._listener.socket.fileno(), self._accept)

    def _accept_no_more(self) -> None:
        """Let new connections wait in the backlog."""
        asyncio.get_running_loop().remove_reader(self._listener.socket.fileno())

    def _accept(self) -> None:
        """Take the connections that wait, each for the worker that then holds the fewest."""
        workers = [place.serving for place in self._places if place.serving is not None]
        if not workers:  # the next worker to take its place has them accepted again
            self._accept_no_more()
            return
        accepted = defaultdict[WorkerProcess, list[socket.socket]](list)
        for connection in self._take_waiting(min(self._find_room(), MOST_AT_ONCE)):
            worker = workers[0] if len(workers) == 1 else min(workers, key=count_held)
            worker.held.hold(connection)
            accepted[worker].append(connection)
        for worker, connections in accepted.items():
            worker.serve(connections)

    def _find_room(self) -> int:
        """How many connections more there may be."""
        held = self._crew.count_connections()
        room = most_connections(len(self._crew)) - held
        if room <= 0:
            logger.error("%d connections are open, and no more can be", held)
            self._pause()
        return room

    def _take_waiting(self, most: int) -> Iterator[socket.socket]:
        try:
            for _ in range(most):
                yield self._listener.socket.accept()[0]
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:  # no descriptors left: those that are open go on
            logger.error(  # noqa: TRY400  # one line
                "cannot accept a connection on %s: %s", self._listener.name, reason_of(error)
            )
            self._pause()

    def _pause(self) -> None:
        """Accept nothing for a moment: the connection that waits would wake us at once."""
        self._accept_no_more()
        asyncio.get_running_loop().call_later(ACCEPT_PAUSE_SECONDS, self._accept_more)


def count_held(worker: WorkerProcess) -> int:
    """How many connections a worker has."""
    return len(worker.held)


def most_connections(workers: int) -> int:
    """As many as this process, and a worker, which has the same limit, can hold.

    A descriptor that is passed to a process without room for it is lost in silence.
    """
    spare = SPARE_DESCRIPTORS + DESCRIPTORS_OF_A_WORKER * (workers - 1)
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] - spare
