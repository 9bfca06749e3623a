"""Protocol Buffers as the tests' own Kong reads and writes them, apart from the server's code.

Reading is strict: a field that the message does not have, that comes twice, that has another
wire type, or an integer in more bytes than it needs fails the test. Kong would pass over some
of these; a server that writes them is wrong all the same.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

Fields = list[tuple[int, int, Any]]

VARINT, FIXED64, LENGTH = 0, 1, 2


def write_varint(value: int) -> bytes:
    assert value >= 0
    if value < 0x80:
        return bytes([value])
    return bytes([value % 0x80 + 0x80]) + write_varint(value // 0x80)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    end = at
    while data[end] >= 0x80:
        end += 1
    value = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(data[at : end + 1]))
    assert write_varint(value) == data[at : end + 1], "more bytes than needed"
    return value, end + 1


def field(number: int, value: int | float | str | bytes) -> bytes:
    """A field whose wire type follows from the Python type."""
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        return write_varint(number * 8 + LENGTH) + write_varint(len(value)) + value
    if isinstance(value, float):
        return write_varint(number * 8 + FIXED64) + struct.pack("<d", value)
    return write_varint(number * 8 + VARINT) + write_varint(value)


def read_fields(data: bytes) -> Fields:
    """Number, wire type and value of each field."""
    found: Fields = []
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        number, wire_type = divmod(key, 8)
        value: Any
        if wire_type == VARINT:
            value, at = read_varint(data, at)
        else:
            assert wire_type in (FIXED64, LENGTH), f"wire type {wire_type} in {data!r}"
            length, at = (8, at) if wire_type == FIXED64 else read_varint(data, at)
            value, at = data[at : at + length], at + length
            assert at <= len(data), "a field that ends after its message"
        found.append((number, wire_type, value))
    return found


def read_message(data: bytes, **names: tuple[int, int]) -> dict[str, Any]:
    """The fields by name; `names` has the number and the wire type of each."""
    known = {place: name for name, place in names.items()}
    message: dict[str, Any] = {}
    for number, wire_type, value in read_fields(data):
        name = known[number, wire_type]
        assert name not in message, f"{name} came twice"
        message[name] = value
    return message


def read_repeated(data: bytes) -> list[bytes]:
    """The field 1 of a message that has only this, any number of times."""
    values = []
    for number, wire_type, value in read_fields(data):
        assert (number, wire_type) == (1, LENGTH)
        values.append(value)
    return values


def read_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def write_value(value: Any) -> bytes:
    """google.protobuf.Value as pb_rpc.lua wraps a Lua value; nil has null_value 1."""
    if value is None:
        return field(1, 1)
    if isinstance(value, bool):
        return field(4, int(value))
    if isinstance(value, int | float):
        return field(2, float(value))
    if isinstance(value, str):
        return field(3, value)
    if isinstance(value, Mapping):
        return field(5, write_struct(value))
    return field(6, b"".join(field(1, write_value(item)) for item in value))


def write_struct(values: Mapping[str, Any]) -> bytes:
    entries = (field(1, name) + field(2, write_value(value)) for name, value in values.items())
    return b"".join(field(1, entry) for entry in entries)


def read_value(data: bytes) -> Any:
    ((number, wire_type, value),) = read_fields(data)
    return VALUES[number, wire_type](value)


def read_list(data: bytes) -> list[Any]:
    return [read_value(item) for item in read_repeated(data)]


def read_struct(data: bytes) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for entry in read_repeated(data):
        name, value = read_pair(entry)
        assert name not in values, f"{name} came twice"
        values[name] = value
    return values


def read_pair(data: bytes) -> tuple[str, Any]:
    """KV, and an entry of a Struct."""
    pair = read_message(data, name=(1, LENGTH), value=(2, LENGTH))
    return read_text(pair["name"]), read_value(pair["value"])


VALUES: Mapping[tuple[int, int], Callable[[Any], Any]] = {
    (2, FIXED64): lambda value: struct.unpack("<d", value)[0],
    (3, LENGTH): read_text,
    (4, VARINT): bool,
    (5, LENGTH): read_struct,
    (6, LENGTH): read_list,
}
