"""MsgPack:1, the protocol between Kong and kong-pdk (plugin_servers/rpc/mp_rpc.lua).

A request is ``[0, id, method, [args]]`` on any pooled connection; the answer is
``[1, id, error or nil, result]``.
"""

from __future__ import annotations

import itertools
from typing import Any

import msgpack

from local.gateway.errors import PluginFailedError
from local.gateway.plugin_connection import ConnectionPool, PluginConnection
from local.gateway.plugin_rpc import PdkCall, RpcError

_REQUEST, _RESPONSE = 0, 1
_MULTI_MAP_METHOD = "kong.request.get_headers"


class MessageReader:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        self._unpacker = msgpack.Unpacker(
            raw=False, strict_map_key=False, unicode_errors="surrogateescape"
        )

    def feed(self, data: bytes) -> list[Any]:
        """Take bytes and give the messages that are now whole.

        Raises PluginFailedError for bytes that are not MessagePack.
        """
        self._unpacker.feed(data)
        try:
            return list(self._unpacker)
        except (ValueError, msgpack.exceptions.UnpackException) as error:
            raise PluginFailedError(f"the plugin server sent no MessagePack: {error}") from error


class MsgPackRpc:
    """Calls a plugin server. ``read_timeout`` is Kong's lua_socket_read_timeout, 60 s."""

    fails_open = True
    lost_instance_marks = ("no plugin instance",)

    def __init__(self, socket_path: str, read_timeout: float = 60.0) -> None:
        self._pool = ConnectionPool(socket_path)
        self._read_timeout = read_timeout
        self._ids = itertools.count(1)

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
                answer["Data"] = to_multi_map(result) if method == _MULTI_MAP_METHOD else result
            kind = "StepMultiMap" if method == _MULTI_MAP_METHOD else "Step"
            step = await self._call(f"plugin.{kind}", answer)

    def close(self) -> None:
        """Close the pooled connections."""
        self._pool.close()

    async def _call(self, method: str, argument: dict[str, Any]) -> Any:
        connection = await self._pool.take()
        try:
            message_id = next(self._ids)
            request = [_REQUEST, message_id, method, [argument]]
            connection.send(msgpack.packb(request, unicode_errors="surrogateescape"))
            error, result = await self._read_answer(connection, message_id)
        finally:
            # Kong puts the connection back even after a timeout: an answer that comes
            # late then meets a later request, which fails on the wrong id.
            self._pool.put_back(connection)
        if error is not None:
            raise RpcError(str(error))
        return result

    async def _read_answer(self, connection: PluginConnection, message_id: int) -> tuple[Any, Any]:
        reader = MessageReader()
        while True:
            for message in reader.feed(await self._receive(connection)):
                if message[0] != _RESPONSE or message[1] != message_id:
                    raise PluginFailedError("unexpected RPC response ID from the plugin server")
                return message[2], message[3]

    async def _receive(self, connection: PluginConnection) -> bytes:
        try:
            return await connection.receive_any(self._read_timeout)
        except RpcError as error:
            # The Lua reader of mp_rpc.lua does not tell one reason from another.
            raise RpcError("no data") from error


def to_multi_map(values: dict[str, Any]) -> dict[str, Any]:
    """Shape headers for the wire: every value an array."""
    return {name: [value] if isinstance(value, str) else value for name, value in values.items()}
