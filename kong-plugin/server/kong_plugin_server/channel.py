"""The supervisor's end of the channel to a worker: connections go in, readiness comes out."""

from __future__ import annotations

import asyncio
import socket

READY = b"+"  # what a worker says to the supervisor when it serves
MOST_AT_ONCE = 64  # connections in one message of the supervisor
START_SECONDS = 30.0


class Channel:
    """When it is closed, the worker ends by itself."""

    def __init__(self, ours: socket.socket) -> None:
        ours.setblocking(False)
        self._socket = ours
        self._waiting: list[socket.socket] = []

    async def is_ready(self) -> bool:
        """Whether the worker says that it serves, rather than ends or is silent."""
        try:
            async with asyncio.timeout(START_SECONDS):
                return await asyncio.get_running_loop().sock_recv(self._socket, 1) == READY
        except TimeoutError:
            return False

    def pass_on(self, connections: list[socket.socket]) -> None:
        """Pass connections to the worker, as soon as it takes them.

        The channel holds a few hundred messages; a worker that is slow, or is in a phase that
        blocks it, gets the others later.
        """
        self._waiting += connections
        self._send()

    def close(self) -> None:
        """Pass on no more."""
        if self._socket.fileno() >= 0:
            asyncio.get_running_loop().remove_writer(self._socket.fileno())
            self._socket.close()

    def _send(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                self._send_some(self._waiting[:MOST_AT_ONCE])
                del self._waiting[:MOST_AT_ONCE]
        except BlockingIOError:
            loop.add_writer(self._socket.fileno(), self._send)
            return
        except OSError:  # the worker has died: its connections are ended when it is replaced
            self._waiting.clear()
        loop.remove_writer(self._socket.fileno())

    def _send_some(self, connections: list[socket.socket]) -> None:
        # One that Kong has closed meanwhile has no descriptor any more.
        descriptors = [c.fileno() for c in connections if c.fileno() >= 0]
        if descriptors:
            socket.send_fds(self._socket, [b"c"], descriptors)
