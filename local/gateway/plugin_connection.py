"""Pooled connections to a plugin server's Unix socket, as nginx's cosockets keep them."""

from __future__ import annotations

import asyncio
import socket

from local.gateway.plugin_rpc import RpcError


class PluginConnection(asyncio.Protocol):
    """A stream that one call at a time writes to and reads from."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._arrived = asyncio.Event()
        self._end_reason: str | None = None
        self._transport: asyncio.WriteTransport | None = None
        self.is_idle = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 (a Unix stream)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        # nginx closes a pooled connection on which something arrives unasked.
        if self.is_idle:
            self.close()
            return
        self._received += data
        self._arrived.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        # A server that ends with unread bytes in its socket resets the connection.
        self._end_reason = "closed" if exc is None else "connection reset by peer"
        self._arrived.set()

    @property
    def is_open(self) -> bool:
        """Whether it can carry another call."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def has_unread_bytes(self) -> bool:
        """Whether more arrived than was read."""
        return bool(self._received)

    def send(self, data: bytes) -> None:
        """Write. Raises RpcError if the connection has ended."""
        if self._transport is None or self._transport.is_closing():
            raise RpcError("closed")
        self._transport.write(data)

    async def receive_any(self, timeout: float) -> bytes:  # noqa: ASYNC109 (as receive)
        """Give what has arrived, at least one byte. Raises RpcError."""
        await self._wait_for_bytes(1, timeout)
        return self._take(len(self._received))

    async def receive(self, size: int, timeout: float) -> bytes:  # noqa: ASYNC109 (see below)
        """Give exactly so many bytes. Raises RpcError, also if there is silence for
        ``timeout`` seconds: like nginx's, it starts anew whenever something arrives."""
        await self._wait_for_bytes(size, timeout)
        return self._take(size)

    def close(self) -> None:
        """Close it, if it is open."""
        if self._transport is not None:
            self._transport.close()

    async def _wait_for_bytes(self, size: int, timeout: float) -> None:  # noqa: ASYNC109
        while len(self._received) < size:
            if self._end_reason is not None:
                raise RpcError(self._end_reason)
            self._arrived.clear()
            try:
                async with asyncio.timeout(timeout):
                    await self._arrived.wait()
            except TimeoutError as error:
                raise RpcError("timeout") from error

    def _take(self, size: int) -> bytes:
        data = bytes(self._received[:size])
        del self._received[:size]
        return data


class ConnectionPool:
    """The idle connections to one socket; the last that was put back is taken first."""

    def __init__(self, socket_path: str) -> None:
        self._socket_path = socket_path
        self._idle: list[PluginConnection] = []

    async def take(self) -> PluginConnection:
        """Give an idle connection or a new one. Raises RpcError if there is no server."""
        while self._idle:
            pooled = self._idle.pop()
            if pooled.is_open:
                pooled.is_idle = False
                return pooled
        try:
            connected = _connect(self._socket_path)
        except OSError as error:
            raise RpcError(
                f"trying to connect: {(error.strerror or str(error)).lower()}"
            ) from error
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_unix_connection(PluginConnection, sock=connected)
        return connection

    def put_back(self, connection: PluginConnection) -> None:
        """Keep a connection for the next call, unless it has ended or bytes are left on it."""
        if not connection.is_open or connection.has_unread_bytes:
            connection.close()
            return
        connection.is_idle = True
        self._idle.append(connection)

    def close(self) -> None:
        """Close the idle connections."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()


def _connect(path: str) -> socket.socket:
    # Like nginx, without waiting: a full backlog is an error at once. asyncio would take
    # the same EAGAIN for a connection under way.
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connected.setblocking(False)
    try:
        connected.connect(path)
    except OSError:
        connected.close()
        raise
    return connected
