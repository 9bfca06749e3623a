"""The worker processes: how one is started, spoken to and ended.

Several may be there for one place: the one that serves, and those that end their events.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from kong_plugin_server.channel import (
    CLOSED,
    CONNECTIONS,
    KNOWN,
    PAGE,
    READY,
    STARTED,
    UNKNOWN,
    WANTED,
    Channel,
    Packet,
)
from kong_plugin_server.directory import Directory
from kong_plugin_server.held import HeldConnections
from kong_plugin_server.listening import reason_of

logger = logging.getLogger(__name__)

START_SECONDS = 30.0
STOP_SECONDS = 8.0  # longer than a worker takes to drain

_questions = itertools.count()


def new_future() -> asyncio.Future[Any]:
    """A future of the running event loop."""
    return asyncio.get_running_loop().create_future()


class WorkerError(Exception):
    """A worker did not start, or has ended; its own log says why."""


@dataclass(slots=True, eq=False)
class WorkerProcess:
    """A worker, the channel to it, and copies of its connections."""

    number: int
    first_id: int
    process: asyncio.subprocess.Process
    channel: Channel
    held: HeldConnections = field(default_factory=HeldConnections)
    _answers: dict[int, asyncio.Future[bytes]] = field(default_factory=dict)
    _ready: asyncio.Future[bool] = field(default_factory=new_future)

    def serve(self, connections: list[socket.socket]) -> None:
        """Connections that were accepted, and are held, are this worker's to serve."""
        self.channel.send(CONNECTIONS, files=connections)

    async def is_ready(self) -> bool:
        """Whether the worker says that it serves, rather than ends or is silent."""
        try:
            async with asyncio.timeout(START_SECONDS):
                return await self._ready
        except TimeoutError:
            return False

    async def page(self) -> bytes:
        """What the worker has counted, as Prometheus's text. Raises WorkerError when it ends."""
        if not self.channel.is_open:
            raise WorkerError(f"worker {self.number} has ended")
        question, answer = next(_questions), new_future()
        self._answers[question] = answer
        try:
            self.channel.send(PAGE, question)
            return bytes(await answer)
        finally:
            del self._answers[question]

    def take(self, packet: Packet) -> None:
        """What this worker says of itself."""
        if packet.kind == READY:
            if not self._ready.done():
                self._ready.set_result(True)
        elif packet.kind == PAGE:
            text = packet.read_text()
            answer = self._answers.get(packet.number)
            if answer is not None and not answer.done():  # else nobody waits for it any longer
                answer.set_result(text)

    def lose(self) -> None:
        """The worker says nothing more."""
        if not self._ready.done():
            self._ready.set_result(False)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(WorkerError(f"worker {self.number} has ended"))


class Crew:
    """All workers that live; what one of them tells the supervisor, the others can ask for."""

    def __init__(self, command: Sequence[str], stop: asyncio.Event) -> None:
        self._command = command
        self._stop = stop
        self._workers: set[WorkerProcess] = set()
        self._directory = Directory()

    def __len__(self) -> int:
        """How many workers there are, those that end included."""
        return len(self._workers)

    def count_connections(self) -> int:
        """How many connections they hold."""
        return sum(len(worker.held) for worker in self._workers)

    async def start(self, number: int) -> WorkerProcess:
        """A worker that serves. Raises WorkerError."""
        first_id = self._directory.choose_first_id([w.first_id for w in self._workers])
        try:
            process, channel = await self._launch(first_id)
        except OSError as problem:
            raise WorkerError(
                f"worker {number} cannot be started with {sys.executable}: {reason_of(problem)}"
            ) from problem
        worker = WorkerProcess(number, first_id, process, channel)
        self._workers.add(worker)
        channel.start(self.read)
        if not await self._is_ready(worker):
            await self.end(worker)
            raise WorkerError(f"worker {number} did not start; its messages above say why")
        return worker

    async def _launch(self, first_id: int) -> tuple[asyncio.subprocess.Process, Channel]:
        """A worker's process. Raises OSError.

        It finds modules where this process does: the folder that both run in may hold others.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-P", "-m", "kong_plugin_server.worker", *self._command]
        command += [f"--supervisor={theirs.fileno()}", f"--first-id={first_id}"]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    *command, pass_fds=[theirs.fileno()], env=environment
                )
            except OSError:
                ours.close()
                raise
        return process, Channel(ours)

    async def _is_ready(self, worker: WorkerProcess) -> bool:
        """Whether a new worker serves; it is not waited for when this server is to stop."""
        ready = asyncio.ensure_future(worker.is_ready())
        stop = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait((ready, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if ready.done():
            return ready.result()
        ready.cancel()
        return False

    def read(self) -> None:
        """Take what the workers say, then answer what they ask.

        In this order: what one asks for, Kong may have learned from another a moment ago.
        """
        wanted = [ask for worker in list(self._workers) for ask in self._take_all(worker)]
        for worker, instance_id in wanted:
            self._answer(worker, instance_id)

    def _take_all(self, worker: WorkerProcess) -> Iterator[tuple[WorkerProcess, int]]:
        """What a worker says; gives what it asks for."""
        for packet in worker.channel.receive():
            if packet.kind == STARTED:
                self._directory.add(packet.number, packet.read_text())
            elif packet.kind == CLOSED:
                self._directory.remove(packet.number)
            elif packet.kind == WANTED:
                yield worker, packet.number
            else:
                worker.take(packet)
        if not worker.channel.is_open:
            worker.lose()

    def _answer(self, worker: WorkerProcess, instance_id: int) -> None:
        config = self._directory.find(instance_id)
        if config is None:
            worker.channel.send(UNKNOWN, instance_id)
            return
        try:
            worker.channel.send_text(KNOWN, instance_id, config)
        except OSError as problem:
            logger.error("cannot pass on a configuration: %s", problem)  # noqa: TRY400  # one line
            worker.channel.send(UNKNOWN, instance_id)

    async def end(self, worker: WorkerProcess) -> None:
        """SIGTERM, and SIGKILL where that is not enough."""
        process = worker.process
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            logger.warning("worker %d did not stop in time; killing it", worker.number)
            process.kill()
            await process.wait()
        await self.bury(worker)

    async def end_all(self) -> None:
        """End the workers side by side."""
        await asyncio.gather(*map(self.end, list(self._workers)))

    async def bury(self, worker: WorkerProcess) -> None:
        """End what a worker that has ended leaves behind: its connections."""
        self.read()  # what it told last
        worker.channel.close()
        worker.lose()
        await worker.held.end()
        self._workers.discard(worker)
