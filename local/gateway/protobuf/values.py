"""google.protobuf.Value, ListValue and Struct, with the quirks of pb_rpc.lua.

A value that comes in is text, a float, True, a list or a dict. False comes in as None, like a
Value without any kind, because Lua's ``or`` passes over it; null comes in as the text
``NULL_VALUE``, the name that the Lua library gives the only member of NullValue.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any

from local.gateway.protobuf.wire import (
    WireType,
    read_fields,
    write_bits64_field,
    write_bytes_field,
    write_varint_field,
)

_NULL, _NUMBER, _STRING, _BOOL, _STRUCT, _LIST = range(1, 7)
_VALUE_FIELDS = {
    _NULL: WireType.VARINT,
    _NUMBER: WireType.BITS64,
    _STRING: WireType.BYTES,
    _BOOL: WireType.VARINT,
    _STRUCT: WireType.BYTES,
    _LIST: WireType.BYTES,
}
_ENTRY_FIELDS = {1: WireType.BYTES, 2: WireType.BYTES}


def decode_text(data: Any) -> str:
    """See bytes as text; what is not UTF-8 survives as surrogates, for Lua does not check."""
    return bytes(data).decode("utf-8", "surrogateescape")


def encode_text(text: str) -> bytes:
    """Give the bytes of text that decode_text() or the gateway decoded."""
    return text.encode("utf-8", "surrogateescape")


def decode_value(data: bytes) -> Any:
    """Decode a Value. Raises PluginFailedError.

    Where several kinds are set, none of them wins by coming last: Kong looks for a list, a
    struct, True, text, a number and null, in this order.
    """
    kinds: dict[int, Any] = dict(read_fields(data, _VALUE_FIELDS))
    if _LIST in kinds:
        return decode_list(kinds[_LIST])
    if _STRUCT in kinds:
        return decode_struct(kinds[_STRUCT])
    if kinds.get(_BOOL):
        return True
    if _STRING in kinds:
        return decode_text(kinds[_STRING])
    if _NUMBER in kinds:
        return struct.unpack("<d", kinds[_NUMBER])[0]
    if _NULL in kinds:
        return kinds[_NULL] or "NULL_VALUE"
    return None


def decode_list(data: bytes) -> list[Any]:
    """Decode a ListValue. Raises PluginFailedError."""
    items: Iterable[tuple[int, Any]] = read_fields(data, {1: WireType.BYTES})
    return [decode_value(item) for _, item in items]


def decode_struct(data: bytes) -> dict[str, Any]:
    """Decode a Struct. Raises PluginFailedError."""
    entries: Iterable[tuple[int, Any]] = read_fields(data, {1: WireType.BYTES})
    return dict(_decode_entry(entry) for _, entry in entries)


def encode_value(value: Any) -> bytes:
    """Encode text, a number, a bool, a list or a dict; an empty list becomes a struct, the
    empty table that it is in Lua."""
    if isinstance(value, bool):
        return write_varint_field(_BOOL, int(value))
    if isinstance(value, str):
        return write_bytes_field(_STRING, encode_text(value))
    if isinstance(value, list) and value:
        return write_bytes_field(_LIST, _encode_list(value))
    if isinstance(value, list | dict):
        return write_bytes_field(_STRUCT, encode_struct(dict(value)))
    return write_bits64_field(_NUMBER, struct.pack("<d", value))


def encode_struct(values: Mapping[str, Any]) -> bytes:
    """Encode a Struct."""
    return b"".join(write_bytes_field(1, _encode_entry(*item)) for item in values.items())


def _encode_list(items: list[Any]) -> bytes:
    return b"".join(write_bytes_field(1, encode_value(item)) for item in items)


def _decode_entry(data: bytes) -> tuple[str, Any]:
    entry: dict[int, Any] = dict(read_fields(data, _ENTRY_FIELDS))
    return decode_text(entry.get(1, b"")), decode_value(entry.get(2, b""))


def _encode_entry(key: str, value: Any) -> bytes:
    # The Lua library leaves an empty key out.
    name = write_bytes_field(1, encode_text(key)) if key else b""
    return name + write_bytes_field(2, encode_value(value))
