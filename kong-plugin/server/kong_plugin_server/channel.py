"""The channel between the supervisor and a worker: packets, with descriptors.

A packet is a kind and a number. A text goes along as a file in memory, whose descriptor is
passed: what a packet itself can hold is bounded by the socket's buffer.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

READY = b"+"  # from a worker: it serves
CONNECTIONS = b"c"  # to a worker: connections of Kong
STARTED = b"s"  # from a worker: Kong has started an instance, with this configuration
CLOSED = b"x"  # from a worker: Kong has closed an instance
WANTED = b"w"  # from a worker: who knows this instance?
KNOWN = b"k"  # to a worker: its configuration
UNKNOWN = b"u"  # to a worker: nobody does
PAGE = b"p"  # to a worker: what has it counted? And from it: this

MOST_AT_ONCE = 64  # connections in one packet
_HEAD = struct.Struct("<cq")


class Packet(NamedTuple):
    """What the other end has sent."""

    kind: bytes
    number: int
    descriptors: list[int]

    def read_text(self) -> bytes:
        """The text that came along, which can be read once."""
        (descriptor,) = self.descriptors
        with open(descriptor, "rb") as file:
            file.seek(0)  # the sender has written, and the place in the file is common to both
            return file.read()


class HasDescriptor(Protocol):
    """A socket or a file."""

    def fileno(self) -> int:
        """Its descriptor; negative when it is closed."""


@dataclass(frozen=True, slots=True)
class _Outgoing:
    head: bytes
    files: Sequence[HasDescriptor]
    then: Callable[[], None]


class Channel:
    """One end. When the other end has ended, it is no longer open, and sends nothing more."""

    def __init__(self, ours: socket.socket) -> None:
        ours.setblocking(False)
        self._socket = ours
        self._waiting: deque[_Outgoing] = deque()
        self._is_blocked = False
        self.is_open = True

    def start(self, readable: Callable[[], None]) -> None:
        """Call `readable`, which is to `receive`, when there is something, or the end."""
        asyncio.get_running_loop().add_reader(self._socket.fileno(), readable)

    def receive(self) -> Iterator[Packet]:
        """The packets that are here now."""
        while self.is_open:
            try:
                message, descriptors, _, _ = socket.recv_fds(self._socket, 16, MOST_AT_ONCE)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                message, descriptors = b"", []
            if not message:
                self._lose()
                return
            kind, number = _HEAD.unpack(message)
            yield Packet(kind, number, descriptors)

    def send(
        self,
        kind: bytes,
        number: int = 0,
        files: Sequence[HasDescriptor] = (),
        then: Callable[[], None] = lambda: None,
    ) -> None:
        """Send a packet as soon as the other end takes it, and call `then`.

        The channel holds a few hundred packets; a worker that is slow, or is in a phase that
        blocks it, gets the others later. `then` is called for a packet that is lost as well.
        """
        self._waiting.append(_Outgoing(_HEAD.pack(kind, number), files, then))
        if not self._is_blocked:
            self._send_waiting()

    def send_text(
        self, kind: bytes, number: int, text: bytes, then: Callable[[], None] = lambda: None
    ) -> None:
        """Send a packet with a text. Raises OSError where no file can be made for it."""
        file = open(os.memfd_create("text"), "wb")  # noqa: SIM115  # closed when it is sent
        file.write(text)
        file.flush()

        def close_and_go_on() -> None:
            file.close()
            then()

        self.send(kind, number, [file], close_and_go_on)

    def close(self) -> None:
        """Receive and send no more. The worker ends by that."""
        self._lose()
        self._socket.close()

    def _send_waiting(self) -> None:
        while self._waiting:
            try:
                self._send_one(self._waiting[0])
            except (BlockingIOError, InterruptedError):
                self._block()
                return
            except OSError:  # the other end has ended, and what it still said may be read
                self._unblock()
                self._drop_waiting()
                return
            self._waiting.popleft().then()
        self._unblock()

    def _send_one(self, outgoing: _Outgoing) -> None:
        # A connection that Kong has closed meanwhile has no descriptor any more.
        descriptors = [d for file in outgoing.files if (d := file.fileno()) >= 0]
        socket.send_fds(self._socket, [outgoing.head], descriptors)

    def _block(self) -> None:
        if not self._is_blocked:
            self._is_blocked = True
            loop = asyncio.get_running_loop()
            loop.add_writer(self._socket.fileno(), self._send_waiting)

    def _unblock(self) -> None:
        if self._is_blocked:
            self._is_blocked = False
            asyncio.get_running_loop().remove_writer(self._socket.fileno())

    def _lose(self) -> None:
        if self.is_open:
            self.is_open = False
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._unblock()
            self._drop_waiting()

    def _drop_waiting(self) -> None:
        while self._waiting:
            self._waiting.popleft().then()
