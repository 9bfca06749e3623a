"""The supervisor's copies of Kong's connections, by which a worker's death is a clean end.

When a process is killed, the kernel closes its sockets, and one with unread bytes is
closed by a reset. Kong answers a reset with a 500; a connection that ends in order makes
it repeat the event on another one (pb_rpc.lua, handle_event). So the supervisor accepts,
passes each connection on, and keeps a copy: then nothing is closed by a death, and the
copies can be ended in order.
"""

from __future__ import annotations

import asyncio
import select
import socket

# How long Kong may take to close a connection that was ended, before it is cut.
# With what a worker takes to drain, this stays below the 10 s that `docker stop` allows.
CLOSING_SECONDS = 2.0
# How long Kong takes to send what it was sending, and to notice the end of idle connections.
SETTLING_SECONDS = 0.02

# How often closed connections are let go: together, since each wake costs more than the closing.
LET_GO_SECONDS = 0.02

_HUNG_UP = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR


class HeldConnections:
    """The connections of one worker. They are let go when Kong has closed them."""

    def __init__(self) -> None:
        self._held: dict[int, socket.socket] = {}
        self._epoll = select.epoll()
        self._loop = asyncio.get_running_loop()
        self._watch()

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, connection: socket.socket) -> None:
        """Keep a connection until Kong closes it."""
        self._held[connection.fileno()] = connection
        # Only the end is looked for; what Kong sends is the worker's to read.
        self._epoll.register(connection.fileno(), select.EPOLLRDHUP)

    async def end(self) -> None:
        """End all connections in order: say that nothing more will come, read what Kong
        still sends, and wait until it closes.

        The idle ones first. A request whose event is ended starts the instance again, on
        any connection of Kong's pool; it must find none there that has ended, since that
        call is not repeated (plugin.lua, get_instance_id).
        """
        await asyncio.sleep(SETTLING_SECONDS)
        busy = [c for c in self._held.values() if has_unread_bytes(c)]
        self._end_all([c for c in self._held.values() if c not in busy])
        await asyncio.sleep(SETTLING_SECONDS)
        self._end_all(busy)
        deadline = self._loop.time() + CLOSING_SECONDS
        while self._held and self._loop.time() < deadline:  # noqa: ASYNC110  # Kong's
            await asyncio.sleep(0.01)
        self.close()

    def _end_all(self, connections: list[socket.socket]) -> None:
        for connection in connections:
            if connection.fileno() in self._held:  # Kong may have closed it meanwhile
                finish_writing(connection)
                self._epoll.modify(connection.fileno(), select.EPOLLIN | select.EPOLLRDHUP)

    def close(self) -> None:
        """Let go of everything."""
        self._loop.remove_reader(self._epoll.fileno())
        for connection in self._held.values():
            connection.close()
        self._held.clear()
        self._epoll.close()

    def _watch(self) -> None:
        if not self._epoll.closed:
            self._loop.add_reader(self._epoll.fileno(), self._let_go)

    def _let_go(self) -> None:
        self._loop.remove_reader(self._epoll.fileno())
        self._loop.call_later(LET_GO_SECONDS, self._watch)
        for descriptor, events in self._epoll.poll(0):
            connection = self._held[descriptor]
            if events & select.EPOLLIN:
                discard(connection)
            if events & _HUNG_UP:
                # Closing is not enough: epoll goes on while the worker has its copy open.
                self._epoll.unregister(descriptor)
                del self._held[descriptor]
                connection.close()


def has_unread_bytes(connection: socket.socket) -> bool:
    """Whether Kong has sent something that nobody has read: then it waits for an answer."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def finish_writing(connection: socket.socket) -> None:
    """Tell Kong that nothing more will come on this connection."""
    try:
        connection.shutdown(socket.SHUT_WR)
    except OSError:  # Kong has closed it already
        return


def discard(connection: socket.socket) -> None:
    """Read what Kong has sent: unread, it would turn the end into a reset."""
    try:
        while connection.recv(65_536, socket.MSG_DONTWAIT):
            pass
    except OSError:  # nothing more for now, or Kong has closed it
        return
