"""Fields on the wire, as lua-protobuf reads and writes them (its pb.c and pb.h)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum

from local.gateway.errors import PluginFailedError

_LOW_7_BITS, _MORE_BIT = 0x7F, 0x80
_LONGEST_VARINT = 10
_UINT32, _UINT64 = (1 << 32) - 1, (1 << 64) - 1
_INT32_SIGN = 1 << 31


class WireType(IntEnum):
    """How a field's value is written; the groups (3, 4) of old and 32 bits have no use here."""

    VARINT = 0
    BITS64 = 1
    BYTES = 2
    GROUP = 3
    BITS32 = 5


Field = tuple[int, int | bytes]


def read_fields(data: bytes, known: Mapping[int, WireType]) -> Iterator[Field]:
    """Give the known fields in their order: number, and an int or the bytes of the value.

    Unknown fields are skipped; a tag that is cut off at the end is no error. Raises
    PluginFailedError for a known field of another wire type or with a value that is cut off.
    """
    reader = _Reader(data)
    while (tag := reader.read_varint()) is not None:
        number, wire_type = (tag & _UINT32) >> 3, tag & 7
        if number not in known:
            reader.skip(wire_type)
        elif wire_type != known[number]:
            raise PluginFailedError(
                f"type mismatch for field {number} at offset {reader.position + 1}, "
                f"{known[number].name.lower()} expected, got wire type {wire_type}"
            )
        else:
            yield number, reader.read_value(known[number])


def to_int32(value: int) -> int:
    """See a varint as int32: its low 32 bits, with their sign."""
    low = value & _UINT32
    return low - (1 << 32) if low & _INT32_SIGN else low


def write_varint_field(number: int, value: int) -> bytes:
    """Encode a field of an int; a negative one takes ten bytes."""
    return _write_tag(number, WireType.VARINT) + _write_varint(value)


def write_bits64_field(number: int, value: bytes) -> bytes:
    """Encode a field of eight bytes."""
    return _write_tag(number, WireType.BITS64) + value


def write_bytes_field(number: int, value: bytes) -> bytes:
    """Encode a field of text, bytes or a message."""
    return _write_tag(number, WireType.BYTES) + _write_varint(len(value)) + value


def _write_tag(number: int, wire_type: WireType) -> bytes:
    return _write_varint(number << 3 | wire_type)


def _write_varint(value: int) -> bytes:
    rest, written = value & _UINT64, bytearray()
    while rest > _LOW_7_BITS:
        written.append(rest & _LOW_7_BITS | _MORE_BIT)
        rest >>= 7
    written.append(rest)
    return bytes(written)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def read_varint(self) -> int | None:
        value = 0
        for index, byte in enumerate(self._data[self.position : self.position + _LONGEST_VARINT]):
            value |= (byte & _LOW_7_BITS) << (7 * index)
            if not byte & _MORE_BIT:
                self.position += index + 1
                return value & _UINT64
        return None

    def read_value(self, wire_type: WireType) -> int | bytes:
        start = self.position
        value = self._try_value(wire_type)
        if value is None:
            raise PluginFailedError(
                f"invalid or unfinished {wire_type.name.lower()} value at offset {start + 1}"
            )
        return value

    def skip(self, wire_type: int) -> None:
        if wire_type == WireType.GROUP:
            raise PluginFailedError("ProtoBuf groups are not implemented by the local gateway")
        start = self.position
        if wire_type not in set(WireType) or self._try_value(WireType(wire_type)) is None:
            # lua-protobuf does not look at whether it could skip: it reads on from here.
            self.position = start

    def _try_value(self, wire_type: WireType) -> int | bytes | None:
        if wire_type is WireType.VARINT:
            return self.read_varint()
        size = {WireType.BITS64: 8, WireType.BITS32: 4}.get(wire_type)
        if size is None:
            size = self.read_varint()
        if size is None or self.position + size > len(self._data):
            return None
        self.position += size
        return self._data[self.position - size : self.position]
