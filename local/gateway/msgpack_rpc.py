"""MsgPack:1, the protocol between Kong and kong-pdk (plugin_servers/rpc/mp_rpc.lua).

A request is ``[0, id, method, [args]]`` on any pooled connection; the answer is
``[1, id, error or nil, result]``, before which ``[2, label, value]`` may come at any time.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgpack

from local.gateway.errors import PluginFailedError

log = logging.getLogger(__name__)

PdkCall = Callable[[str, list[Any]], Awaitable[Any]]

_REQUEST, _RESPONSE, _NOTIFICATION = 0, 1, 2
_MULTI_MAP_METHODS = frozenset(
    {
        "kong.request.get_query",
        "kong.request.get_headers",
        "kong.response.get_headers",
        "kong.service.response.get_headers",
    }
)


class RpcError(Exception):
    """A call failed, and Kong logs it and goes on: no connection, no data, or an error
    that the server sent."""


class MessageReader:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        self._unpacker = msgpack.Unpacker(
            raw=False, strict_map_key=False, unicode_errors="surrogateescape"
        )
        self._is_broken = False

    def feed(self, data: bytes) -> list[Any]:
        """Take bytes and give the messages that are now whole.

        Raises PluginFailedError for bytes that are not MessagePack.
        """
        self._unpacker.feed(data)
        try:
            return list(self._unpacker)
        except (ValueError, msgpack.exceptions.UnpackException) as error:
            raise PluginFailedError(f"the plugin server sent no MessagePack: {error}") from error


class _Connection(asyncio.Protocol):
    """One pooled connection; it carries one call at a time."""

    def __init__(self) -> None:
        self._reader = MessageReader()
        self._messages: asyncio.Queue[Any] = asyncio.Queue()
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
        try:
            for message in self._reader.feed(data):
                self._messages.put_nowait(message)
        except PluginFailedError as error:
            self._messages.put_nowait(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._messages.put_nowait(RpcError("no data"))

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def has_unread_messages(self) -> bool:
        return not self._messages.empty()

    def send(self, message: list[Any]) -> None:
        if self._transport is None:
            raise RpcError("no data")
        self._transport.write(msgpack.packb(message, unicode_errors="surrogateescape"))

    async def receive(self, timeout: float) -> Any:  # noqa: ASYNC109 (any message)
        try:
            async with asyncio.timeout(timeout):
                message = await self._messages.get()
        except TimeoutError as error:
            raise RpcError("no data") from error
        if isinstance(message, Exception):
            raise message
        return message

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class MsgPackRpc:
    """Calls a plugin server. ``read_timeout`` is Kong's lua_socket_read_timeout, 60 s."""

    def __init__(self, socket_path: str, read_timeout: float = 60.0) -> None:
        self._socket_path = socket_path
        self._read_timeout = read_timeout
        self._ids = itertools.count(1)
        self._pool: list[_Connection] = []
        self.on_new_server: Callable[[], None] = lambda: None
        self._server_pid: int | None = None

    async def start_instance(self, name: str, config_json: str) -> int:
        """Start an instance of the plugin and give its id. Raises RpcError."""
        request = {"Name": name, "Config": config_json}
        status = await self._call("plugin.StartInstance", request)
        return int(status["Id"])

    async def handle_event(self, instance_id: int, phase: str, execute: PdkCall) -> None:
        """Run one phase; ``execute`` performs each PDK call that the plugin makes.

        Raises RpcError, PluginFailedError, and whatever ``execute`` raises: then, as after
        kong.response.exit in Kong, the server is never told how its call ended.
        """
        event = {"InstanceId": instance_id, "EventName": phase}
        step = await self._call("plugin.HandleEvent", event)
        event_id = step["EventId"]
        while step["Data"] != "ret":
            method, arguments = step["Data"]["Method"], step["Data"].get("Args") or []
            result = await execute(method, arguments)
            answer = {"EventId": event_id}
            if result is not None:
                answer["Data"] = to_multi_map(result) if method in _MULTI_MAP_METHODS else result
            kind = "StepMultiMap" if method in _MULTI_MAP_METHODS else "Step"
            step = await self._call(f"plugin.{kind}", answer)

    def close(self) -> None:
        """Close the pooled connections."""
        for connection in self._pool:
            connection.close()
        self._pool.clear()

    async def _call(self, method: str, argument: dict[str, Any]) -> Any:
        connection = await self._connect()
        try:
            message_id = next(self._ids)
            connection.send([_REQUEST, message_id, method, [argument]])
            error, result = await self._read_answer(connection, message_id)
        finally:
            # Kong puts the connection back even after a timeout: an answer that comes
            # late then meets a later request, which fails on the wrong id.
            self._put_back(connection)
        if error is not None:
            raise RpcError(str(error))
        return result

    async def _read_answer(self, connection: _Connection, message_id: int) -> tuple[Any, Any]:
        while True:
            message = await connection.receive(self._read_timeout)
            if message[0] == _NOTIFICATION:
                self._take_notification(message[1], message[2])
                continue
            if message[0] != _RESPONSE or message[1] != message_id:
                raise PluginFailedError("unexpected RPC response ID from the plugin server")
            return message[2], message[3]

    def _take_notification(self, label: str, value: Any) -> None:
        if label != "serverPid":
            return
        if self._server_pid not in (None, value):
            self.on_new_server()
        self._server_pid = value

    async def _connect(self) -> _Connection:
        while self._pool:
            pooled = self._pool.pop()
            if pooled.is_open:
                pooled.is_idle = False
                return pooled
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_unix_connection(_Connection, self._socket_path)
        except OSError as error:
            raise RpcError(f"trying to connect: {error}") from error
        return connection

    def _put_back(self, connection: _Connection) -> None:
        if not connection.is_open or connection.has_unread_messages:
            connection.close()
            return
        connection.is_idle = True
        self._pool.append(connection)


def to_multi_map(values: dict[str, Any]) -> dict[str, Any]:
    """Shape headers or query arguments for the wire: every value an array, ``?a`` empty."""
    return {
        name: [] if value is True else [value] if isinstance(value, str) else value
        for name, value in values.items()
    }
