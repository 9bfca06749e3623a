"""The messages of Kong's pluginsocket.proto: calls of the server, and its calls of the PDK."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.gateway.errors import PluginFailedError
from local.gateway.pdk.checks import lua_type
from local.gateway.protobuf.values import (
    decode_list,
    decode_struct,
    decode_text,
    decode_value,
    encode_struct,
    encode_text,
)
from local.gateway.protobuf.wire import (
    WireType,
    read_fields,
    to_int32,
    write_bits64_field,
    write_bytes_field,
    write_varint_field,
)

_START_INSTANCE, _HANDLE_EVENT = 33, 36
_INSTANCE_STATUS = 33


@dataclass(frozen=True)
class RpcReturn:
    """The server's answer; ``instance_id`` is None where there is no instance status."""

    sequence: int
    instance_id: int | None


def encode_start_instance(sequence: int, name: str, config_json: str) -> bytes:
    """Encode the RpcCall that starts an instance."""
    fields = [
        write_bytes_field(1, encode_text(name)),
        write_bytes_field(2, encode_text(config_json)),
    ]
    return _encode_call(sequence, _START_INSTANCE, fields)


def encode_handle_event(sequence: int, instance_id: int, event_name: str) -> bytes:
    """Encode the RpcCall that runs a phase."""
    fields = [
        write_varint_field(1, instance_id) if instance_id else b"",
        write_bytes_field(2, encode_text(event_name)),
    ]
    return _encode_call(sequence, _HANDLE_EVENT, fields)


def decode_rpc_return(data: bytes) -> RpcReturn:
    """Decode an answer. Raises PluginFailedError."""
    fields = _read(data, {1: WireType.VARINT, _INSTANCE_STATUS: WireType.BYTES})
    status = fields.get(_INSTANCE_STATUS)
    if status is None:
        return RpcReturn(fields.get(1, 0), None)
    instance_id = to_int32(_read(status, {2: WireType.VARINT}).get(2, 0))
    return RpcReturn(fields.get(1, 0), instance_id)


def decode_nothing(_data: bytes) -> list[Any]:
    """Decode an Empty, which may hold anything: all its fields are unknown."""
    return []


def decode_string(data: bytes) -> list[Any]:
    """Decode a String; "" where it is absent, as in every message of proto3."""
    return [decode_text(_read(data, {1: WireType.BYTES}).get(1, b""))]


def decode_int(data: bytes) -> list[Any]:
    """Decode an Int."""
    return [to_int32(_read(data, {1: WireType.VARINT}).get(1, 0))]


def decode_log_parts(data: bytes) -> list[Any]:
    """Decode a ListValue, each value an argument."""
    return decode_list(data)


def decode_key_value(data: bytes) -> list[Any]:
    """Decode a KV: a name and a Value."""
    fields = _read(data, {1: WireType.BYTES, 2: WireType.BYTES})
    return [decode_text(fields.get(1, b"")), decode_value(fields.get(2, b""))]


def decode_table(data: bytes) -> list[Any]:
    """Decode a Struct, one argument."""
    return [decode_struct(data)]


def decode_exit(data: bytes) -> list[Any]:
    """Decode ExitArgs: a status, a body, and headers or None."""
    known = {1: WireType.VARINT, 2: WireType.BYTES, 3: WireType.BYTES}
    fields = _read(data, known)
    headers = decode_struct(fields[3]) if 3 in fields else None  # noqa: PLR2004 (a field's number)
    return [to_int32(fields.get(1, 0)), decode_text(fields.get(2, b"")), headers]


def encode_nothing(_result: Any) -> bytes:
    """Encode an Empty."""
    return b""


def encode_string(result: Any) -> bytes:
    """Encode a String; nil and "" alike are a frame of length 0. Raises PluginFailedError for
    what is no text, such as the true of a query argument without a value."""
    if not isinstance(result, str | None):
        raise PluginFailedError(f"string expected for field 'v', got {lua_type(result)}")
    return write_bytes_field(1, encode_text(result)) if result else b""


def encode_int(result: int) -> bytes:
    """Encode an Int."""
    return write_varint_field(1, result) if result else b""


def encode_number(result: float) -> bytes:
    """Encode a Number."""
    return write_bits64_field(1, struct.pack("<d", result)) if result else b""


def encode_table(result: Mapping[str, Any]) -> bytes:
    """Encode a Struct."""
    return encode_struct(result)


def encode_raw_body(result: bytes) -> bytes:
    """Encode a RawBodyResult; an empty body is a field of length 0, not an absent one."""
    return write_bytes_field(1, result)


def _encode_call(sequence: int, number: int, fields: list[bytes]) -> bytes:
    command = write_bytes_field(number, _join(fields, sequence))
    return _join([write_varint_field(1, sequence), command], sequence)


def _join(fields: list[bytes], sequence: int) -> bytes:
    # Kong's Lua library writes fields in the order of a hash table, which differs from one
    # Kong process to the next (seen on 3.9.1): a server must take them in any order.
    return b"".join(fields if sequence % 2 == 0 else reversed(fields))


def _read(data: bytes, known: Mapping[int, WireType]) -> dict[int, Any]:
    return dict(read_fields(data, known))
