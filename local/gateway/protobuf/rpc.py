"""ProtoBuf:1, a call and the PDK calls in it on one connection (plugin_servers/rpc/pb_rpc.lua).

Kong sends a frame with an RpcCall. During an event the server then sends, for each PDK call, a
frame with the method's name and a frame with the arguments, and Kong answers with a frame of
the result; an empty name ends the event. A frame with the RpcReturn ends every call.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from kong_plugin_server.values import as_text
from local.gateway.errors import PluginFailedError
from local.gateway.plugin_connection import ConnectionPool, PluginConnection
from local.gateway.plugin_rpc import PdkCall
from local.gateway.protobuf.frames import receive_frame, send_frame
from local.gateway.protobuf.messages import (
    RpcReturn,
    decode_rpc_return,
    encode_handle_event,
    encode_start_instance,
)
from local.gateway.protobuf.service import find_signature


class ProtoBufRpc:
    """Calls a plugin server. ``read_timeout`` is Kong's lua_socket_read_timeout, 60 s."""

    fails_open = False
    lost_instance_marks = ("no plugin instance", "closed")

    def __init__(self, socket_path: str, read_timeout: float = 60.0) -> None:
        self._pool = ConnectionPool(socket_path)
        self._read_timeout = read_timeout
        # pb_rpc.lua adds one twice to its counter of messages, and keeps one of the two.
        self._sequences = itertools.count(2)

    async def start_instance(self, name: str, config_json: str) -> int:
        """Start an instance of the plugin and give its id.

        Raises RpcError, and PluginFailedError for an answer that Kong stumbles over.
        """
        answer = await self._call(
            lambda sequence: encode_start_instance(sequence, name, config_json)
        )
        if answer.instance_id is None:
            raise PluginFailedError("the answer to StartInstance has no instance_status")
        return answer.instance_id

    async def handle_event(self, instance_id: int, phase: str, execute: PdkCall) -> None:
        """Run one phase; ``execute`` performs each PDK call that the plugin makes.

        Raises RpcError, also for a method that Kong does not offer, PluginFailedError, and
        whatever ``execute`` raises: then the connection ends without a word.
        """
        await self._call(
            lambda sequence: encode_handle_event(sequence, instance_id, phase), execute
        )

    def close(self) -> None:
        """Close the pooled connections."""
        self._pool.close()

    async def _call(
        self, encode: Callable[[int], bytes], execute: PdkCall | None = None
    ) -> RpcReturn:
        sequence = next(self._sequences)
        connection = await self._pool.take()
        try:
            send_frame(connection, encode(sequence))
            if execute is not None:
                await self._run_pdk_calls(connection, execute)
            frame = await receive_frame(connection, self._read_timeout)
        except BaseException:
            # Also after kong.response.exit: Kong drops the connection where it stands.
            connection.close()
            raise
        self._pool.put_back(connection)
        answer = decode_rpc_return(frame)
        if answer.sequence != sequence:
            raise PluginFailedError(
                f"assertion failed! the plugin server answered {answer.sequence} to the call "
                f"{sequence}"
            )
        return answer

    async def _run_pdk_calls(self, connection: PluginConnection, execute: PdkCall) -> None:
        while method := as_text(await receive_frame(connection, self._read_timeout)):
            frame = await receive_frame(connection, self._read_timeout)
            signature = find_signature(method)
            result = await execute(method, signature.decode_arguments(frame))
            send_frame(connection, signature.encode_result(result))
