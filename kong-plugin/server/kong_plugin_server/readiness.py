"""Which connections have bytes to read: one question to the kernel for all of them.

A reader of its own on the event loop costs more to add and to remove than a short event
takes, and after each kong.response.exit Kong opens a new connection.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable


class Readiness:
    """Calls a function for each connection that has bytes, or whose other side has closed."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._readers: dict[int, Callable[[], None]] = {}

    def start(self) -> None:
        """Call from now on, on the running event loop."""
        asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._call_ready)

    def add(self, descriptor: int, read: Callable[[], None]) -> None:
        """`read` is called while there is something to read."""
        self._readers[descriptor] = read
        self._epoll.register(descriptor, select.EPOLLIN)

    def remove(self, descriptor: int) -> None:
        """To be called before the descriptor is closed: the supervisor has a copy of it."""
        del self._readers[descriptor]
        self._epoll.unregister(descriptor)

    def _call_ready(self) -> None:
        for descriptor, _ in self._epoll.poll(0):
            read = self._readers.get(descriptor)
            if read is not None:  # another call has not removed it meanwhile
                read()
