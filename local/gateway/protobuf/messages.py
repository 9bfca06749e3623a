"""Kong's side of its messages with a plugin server, by the .proto of our own plugin server.

A value of a PDK call comes in as Kong's pb_rpc.lua gives it to the PDK: false comes in as None,
like a Value without any kind, because Lua's ``or`` passes over it; null comes in as the text
``NULL_VALUE``, the name that the Lua library gives the only member of NullValue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import DecodeError, Message

from kong_plugin_server import pluginsocket_pb2 as pb
from kong_plugin_server.values import as_bytes, as_text, write_struct
from local.gateway.errors import PluginFailedError
from local.gateway.pdk.checks import lua_type

AnyMessage = TypeVar("AnyMessage", bound=Message)


@dataclass(frozen=True)
class RpcReturn:
    """The server's answer; ``instance_id`` is None where there is no instance status."""

    sequence: int
    instance_id: int | None


def encode_start_instance(sequence: int, name: str, config_json: str) -> bytes:
    """Encode the RpcCall that starts an instance."""
    command = pb.CmdStartInstance(name=as_bytes(name), config=as_bytes(config_json))
    return pb.RpcCall(sequence=sequence, cmd_start_instance=command).SerializeToString()


def encode_handle_event(sequence: int, instance_id: int, event_name: str) -> bytes:
    """Encode the RpcCall that runs a phase."""
    command = pb.CmdHandleEvent(instance_id=instance_id, event_name=as_bytes(event_name))
    return pb.RpcCall(sequence=sequence, cmd_handle_event=command).SerializeToString()


def decode_rpc_return(data: bytes) -> RpcReturn:
    """Decode an answer. Raises PluginFailedError."""
    answer = _parse(pb.RpcReturn, data)
    if not answer.HasField("instance_status"):
        return RpcReturn(answer.sequence, None)
    return RpcReturn(answer.sequence, answer.instance_status.instance_id)


def decode_nothing(_data: bytes) -> list[Any]:
    """Decode an Empty, which may hold anything: all its fields are unknown."""
    return []


def decode_string(data: bytes) -> list[Any]:
    """Decode a String; "" where it is absent, as in every message of proto3."""
    return [as_text(_parse(pb.String, data).v)]


def decode_int(data: bytes) -> list[Any]:
    """Decode an Int."""
    return [_parse(pb.Int, data).v]


def decode_log_parts(data: bytes) -> list[Any]:
    """Decode a ListValue, each value an argument."""
    return [_value_of(value) for value in _parse(pb.ListValue, data).values]


def decode_key_value(data: bytes) -> list[Any]:
    """Decode a KV: a name and a Value."""
    pair = _parse(pb.KV, data)
    return [as_text(pair.k), _value_of(pair.v)]


def decode_table(data: bytes) -> list[Any]:
    """Decode a Struct, one argument."""
    return [_table_of(_parse(pb.Struct, data))]


def decode_exit(data: bytes) -> list[Any]:
    """Decode ExitArgs: a status, a body, and headers or None."""
    exit_ = _parse(pb.ExitArgs, data)
    headers = _table_of(exit_.headers) if exit_.HasField("headers") else None
    return [exit_.status, as_text(exit_.body), headers]


def encode_nothing(_result: Any) -> bytes:
    """Encode an Empty."""
    return b""


def encode_string(result: Any) -> bytes:
    """Encode a String; nil and "" alike are a frame of length 0. Raises PluginFailedError for
    what is no text, such as the true of a query argument without a value."""
    if not isinstance(result, str | None):
        raise PluginFailedError(f"string expected for field 'v', got {lua_type(result)}")
    return pb.String(v=as_bytes(result)).SerializeToString() if result else b""


def encode_table(result: Mapping[str, Any]) -> bytes:
    """Encode a Struct."""
    table = pb.Struct()
    write_struct(table, result)
    return table.SerializeToString()


def _parse(message_type: type[AnyMessage], data: bytes) -> AnyMessage:
    """Also a field that the message does not have, or of another type, fails the plugin."""
    name = message_type.DESCRIPTOR.name
    try:
        message = message_type.FromString(data)
    except DecodeError as error:
        raise PluginFailedError(f"no {name}, or nested too deeply: {error}") from error
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if message.ByteSize() != size:
        raise PluginFailedError(f"a {name} with a field that it does not have, or of another type")
    return message


def _table_of(struct: pb.Struct) -> dict[str, Any]:
    pairs = pb.Pairs.FromString(struct.SerializeToString())
    return {as_text(pair.k): _value_of(pair.v) for pair in pairs.fields}


def _value_of(value: pb.Value) -> Any:
    match value.WhichOneof("kind"):
        case "list_value":
            return [_value_of(item) for item in value.list_value.values]
        case "struct_value":
            return _table_of(value.struct_value)
        case "string_value":
            return as_text(value.string_value)
        case "bool_value":
            return value.bool_value or None
        case "number_value":
            return value.number_value
        case "null_value":
            return value.null_value or "NULL_VALUE"
    return None
