"""The process that owns the socket and keeps a worker behind it.

It accepts Kong's connections, passes each to the worker, and keeps a copy (held.py says
why). A worker that dies is replaced; while it is, connections wait in the socket's backlog.
SIGHUP starts a worker with the code as it is now, and ends the old one when the new one
is ready. SIGTERM lets the worker end its events. It may be process 1 of a container.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Coroutine
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kong_plugin_server.channel import MOST_AT_ONCE, Channel
from kong_plugin_server.fast_loop import new_event_loop
from kong_plugin_server.held import HeldConnections
from kong_plugin_server.listening import open_metrics_socket, open_unix_socket, remove_socket

logger = logging.getLogger(__name__)

STOP_SECONDS = 8.0  # longer than a worker takes to drain
PARENT_CHECK_SECONDS = 1.0
ACCEPT_PAUSE_SECONDS = 0.2
# For the sockets, pipes and files that are no connection; each process has about 20.
SPARE_DESCRIPTORS = 40
# A worker that dies at once, again and again, is started once a second.
LEAST_LIFE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Service:
    """What is served, where, and how."""

    name: str
    module: str
    socket: Path
    socket_mode: int = 0o660
    metrics: str | None = None
    phase_limit: float = 5.0
    exit_with_parent: bool = False


def supervise(service: Service) -> None:
    """Serve until SIGTERM or SIGINT, or until the parent has ended where that is asked for.

    Raises OSError where a socket cannot be opened, and WorkerError where the first worker
    does not start.
    """
    with ExitStack() as sockets:
        # First, since it can fail: the next line takes the path over from a running server.
        scrapes = None
        if service.metrics:
            scrapes = sockets.enter_context(
                open_metrics_socket(service.metrics, service.socket_mode)
            )
            if scrapes.family == socket.AF_UNIX:
                path = Path(service.metrics.removeprefix("unix:"))
                sockets.callback(remove_socket, path, path.stat().st_ino)
        listening = sockets.enter_context(open_unix_socket(service.socket, service.socket_mode))
        sockets.callback(remove_socket, service.socket, service.socket.stat().st_ino)
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(Supervisor(service, listening, scrapes).run())


class WorkerError(Exception):
    """A worker did not start; its own log says why."""


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """A worker, the channel to it, and copies of its connections."""

    process: asyncio.subprocess.Process
    channel: Channel
    held: HeldConnections


class Supervisor:
    """Keeps one worker running."""

    def __init__(
        self, service: Service, listening: socket.socket, scrapes: socket.socket | None
    ) -> None:
        self._service = service
        self._listening = listening
        self._scrapes = scrapes
        self._restarts = 0
        self._serving: WorkerProcess | None = None
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """See `supervise`. Raises WorkerError where the first worker does not start."""
        self._handle_signals()
        try:
            worker = await self._start_worker()
        except WorkerError:
            if self._stop.is_set():  # it was not waited for any longer
                return
            raise
        self._accept_for(worker)
        logger.info("serving plugin %s on %s", self._service.name, self._service.socket)
        while not self._stop.is_set():
            started_at = time.monotonic()
            await self._wait_for_news(worker)
            if self._stop.is_set():
                break
            if worker.process.returncode is not None:
                worker = await self._replace(worker, started_at)
            elif self._reload.is_set():
                worker = await self._renew(worker)
        self._accept_no_more()
        await end(worker)
        logger.info("stopped")

    def _accept_for(self, worker: WorkerProcess) -> None:
        """From now on, new connections are this worker's."""
        self._serving = worker
        self._listening.setblocking(False)
        loop = asyncio.get_running_loop()
        loop.add_reader(self._listening.fileno(), self._accept, worker)

    def _accept_no_more(self) -> None:
        """Let new connections wait in the backlog."""
        self._serving = None
        asyncio.get_running_loop().remove_reader(self._listening.fileno())

    def _accept(self, worker: WorkerProcess) -> None:
        accepted: list[socket.socket] = []
        room = most_connections() - len(worker.held)
        if room <= 0:
            logger.error("%d connections are open, and no more can be", len(worker.held))
            self._pause()
        try:
            while len(accepted) < min(room, MOST_AT_ONCE):
                accepted.append(self._listening.accept()[0])
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            pass  # those that wait are taken
        except OSError as error:  # no descriptors left: those that are open go on
            logger.error("cannot accept a connection: %s", error)  # noqa: TRY400  # one line
            self._pause()
        for connection in accepted:
            worker.held.hold(connection)
        worker.channel.pass_on(accepted)

    def _pause(self) -> None:
        """Accept nothing for a moment: the connection that waits would wake us at once."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listening.fileno())
        loop.call_later(ACCEPT_PAUSE_SECONDS, self._go_on)

    def _go_on(self) -> None:
        if self._serving is not None:
            self._accept_for(self._serving)

    def _start_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        if self._service.exit_with_parent:
            self._start_task(self._watch_parent(os.getppid()))

    async def _watch_parent(self, parent: int) -> None:
        """Kong's start command: when Kong is gone, nobody needs this server."""
        while os.getppid() == parent:  # noqa: ASYNC110  # nothing tells a process of its parent's end
            await asyncio.sleep(PARENT_CHECK_SECONDS)
        logger.info("the process that started this server has ended")
        self._stop.set()

    async def _wait_for_news(self, worker: WorkerProcess) -> None:
        """Return when the worker has ended, or a signal came."""
        waiting = [
            asyncio.ensure_future(coroutine)
            for coroutine in (worker.process.wait(), self._stop.wait(), self._reload.wait())
        ]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()

    async def _replace(self, worker: WorkerProcess, started_at: float) -> WorkerProcess:
        """Another worker for one that died."""
        logger.error("the worker ended with code %s; starting another", worker.process.returncode)
        self._accept_no_more()
        worker.channel.close()
        self._start_task(worker.held.end())
        self._restarts += 1
        if time.monotonic() - started_at < LEAST_LIFE_SECONDS:
            await asyncio.sleep(LEAST_LIFE_SECONDS)
        while not self._stop.is_set():
            try:
                new = await self._start_worker()
            except WorkerError as error:
                logger.error("%s", error)  # noqa: TRY400  # the worker's own log has the traceback
                await asyncio.sleep(LEAST_LIFE_SECONDS)
            else:
                self._accept_for(new)
                return new
        return worker

    async def _renew(self, worker: WorkerProcess) -> WorkerProcess:
        """SIGHUP: a worker with the code of now; the old one goes on if it does not start."""
        self._reload.clear()
        try:
            new = await self._start_worker()
        except WorkerError as error:
            logger.error("%s; the old worker goes on", error)  # noqa: TRY400  # as above
            return worker
        self._accept_for(new)
        logger.info("reloaded")
        await end(worker)
        return new

    async def _start_worker(self) -> WorkerProcess:
        """A worker that serves. Raises WorkerError.

        It finds modules where this process does: the folder that both run in may hold others.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        descriptors = [s.fileno() for s in (theirs, self._scrapes) if s]
        command = [sys.executable, "-P", "-m", "kong_plugin_server.worker"]
        command += [self._service.name, self._service.module]
        command.append(f"--supervisor={theirs.fileno()}")
        command += [f"--phase-limit={self._service.phase_limit}", f"--restarts={self._restarts}"]
        if self._scrapes is not None:
            command.append(f"--scrapes={self._scrapes.fileno()}")
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        process = await asyncio.create_subprocess_exec(
            *command, pass_fds=descriptors, env=environment
        )
        theirs.close()
        worker = WorkerProcess(process, Channel(ours), HeldConnections())
        if not await self._is_ready(worker):
            await end(worker)
            raise WorkerError("the worker did not start; its messages above say why")
        return worker

    async def _is_ready(self, worker: WorkerProcess) -> bool:
        """Whether a new worker serves; it is not waited for when this server is to stop."""
        ready = asyncio.ensure_future(worker.channel.is_ready())
        stop = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait((ready, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if ready.done():
            return ready.result()
        ready.cancel()
        return False


def most_connections() -> int:
    """As many as this process and the worker, which has the same limit, can hold.

    A descriptor that is passed to a process without room for it is lost in silence.
    """
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_DESCRIPTORS


async def end(worker: WorkerProcess) -> None:
    """SIGTERM, and SIGKILL where that is not enough."""
    process = worker.process
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        logger.warning("the worker did not stop in time; killing it")
        process.kill()
        await process.wait()
    worker.channel.close()
    await worker.held.end()
