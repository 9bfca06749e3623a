"""The frames of ProtoBuf:1: a little-endian uint32 length, and so many bytes."""

from __future__ import annotations

import struct

from local.gateway.errors import PluginFailedError
from local.gateway.plugin_connection import PluginConnection
from local.gateway.plugin_rpc import RpcError

_LENGTH = struct.Struct("<I")


async def receive_frame(connection: PluginConnection, timeout: float) -> bytes:  # noqa: ASYNC109 (of silence)
    """Read a frame, whatever its length says. Raises RpcError."""
    (size,) = _LENGTH.unpack(await connection.receive(_LENGTH.size, timeout))
    return await connection.receive(size, timeout)


def send_frame(connection: PluginConnection, message: bytes) -> None:
    """Write a frame in two writes, as Kong does: a server that takes one read for a whole frame
    is found out. Raises PluginFailedError if the connection has ended."""
    try:
        connection.send(_LENGTH.pack(len(message)))
        connection.send(message)
    except RpcError as error:
        # Lua's assert() raises: no error that handle_event would look at, and repeat the event.
        raise PluginFailedError(f"sending to the plugin server: {error}") from error
