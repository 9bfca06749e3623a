"""A connected socket on the event loop: bytes in, bytes out, an orderly end.

asyncio's own transports cost more to make than a whole event, and after each
kong.response.exit Kong opens a new connection.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from kong_plugin_server.held import finish_writing
from kong_plugin_server.readiness import Readiness

MOST_READ_AT_ONCE = 65_536

# The supervisor's copy of the socket shares its mode, so each call says that it does not wait.
_NOW = socket.MSG_DONTWAIT


class Stream:
    """`received` is called with bytes; with none when the other side has closed."""

    __slots__ = ("_is_ending", "_readiness", "_received", "_socket", "_unsent")

    def __init__(
        self,
        connected: socket.socket,
        readiness: Readiness,
        received: Callable[[bytes], None],
    ) -> None:
        self._socket = connected
        self._readiness = readiness
        self._received = received
        self._unsent = b""
        self._is_ending = False
        readiness.add(connected.fileno(), self.read)

    def read(self) -> None:
        """Take what is there now, if anything is."""
        try:
            data = self._socket.recv(MOST_READ_AT_ONCE, _NOW)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:  # reset: as good as closed
            data = b""
        self._received(data)

    def send(self, data: bytes) -> None:
        """Write; what does not fit now is written when it does."""
        if self._unsent:
            self._unsent += data
            return
        unsent = data[self._write(data) :]
        if unsent:
            self._unsent = unsent
            asyncio.get_running_loop().add_writer(self._socket.fileno(), self._send_rest)

    def end(self) -> None:
        """Say, after what was written, that nothing more comes. The other side then closes."""
        self._is_ending = True
        if not self._unsent:
            finish_writing(self._socket)

    def close(self) -> None:
        """Let the socket go. Other copies of it stay open."""
        descriptor = self._socket.fileno()
        if descriptor >= 0:
            self._readiness.remove(descriptor)
            if self._unsent:
                asyncio.get_running_loop().remove_writer(descriptor)
            self._socket.close()
            self._received = _ignore  # or both would wait for the garbage collector

    def cut(self) -> None:
        """End both directions at once, for all copies of the socket."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:  # the other side was faster
            return

    def _write(self, data: bytes) -> int:
        """How much of it could be written now."""
        try:
            return self._socket.send(data, _NOW)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:  # reset: reading will tell
            return len(data)

    def _send_rest(self) -> None:
        self._unsent = self._unsent[self._write(self._unsent) :]
        if not self._unsent:
            asyncio.get_running_loop().remove_writer(self._socket.fileno())
            if self._is_ending:
                finish_writing(self._socket)


def _ignore(_: bytes) -> None:
    """For a connection that is closed."""
