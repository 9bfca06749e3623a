"""Protocol Buffers' encoding and the frames of ProtoBuf:1: bytes in, bytes out. Pure.

Only what Kong's pluginsocket.proto needs is here, written for the few small messages of
an event: a general library costs more for each of them than the whole phase.
Text is UTF-8; bytes that are not (a client's header may hold any) survive as surrogates.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5

# A frame holds a message of one request: its headers, or its body. Kong buffers no more
# than this of either; a longer frame is an attack or garbage.
MAX_FRAME_BYTES = 16 * 1024 * 1024

_HEADER = struct.Struct("<I")
_HEADER_BYTES = _HEADER.size
_DOUBLE = struct.Struct("<d")


class WireError(Exception):
    """Bytes that are no message, or no frame. The connection they came on cannot go on."""


def frame(message: bytes) -> bytes:
    """A message with its length in front: a little-endian uint32."""
    return _HEADER.pack(len(message)) + message


class FrameReader:
    """Cuts a stream of bytes into frames."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes and give the frames that are now whole, without their lengths.

        Raises WireError for a frame over MAX_FRAME_BYTES, before it is waited for.
        """
        if self._rest:
            data = self._rest + data
        frames, start, size = [], 0, len(data)
        while size - start >= _HEADER_BYTES:
            (length,) = _HEADER.unpack_from(data, start)
            if length > MAX_FRAME_BYTES:
                raise WireError(f"a frame of {length} bytes; at most {MAX_FRAME_BYTES} are read")
            end = start + _HEADER_BYTES + length
            if size < end:
                break
            frames.append(data[start + _HEADER_BYTES : end])
            start = end
        self._rest = data[start:]
        return frames


def encode_varint(value: int) -> bytes:
    """An integer; a negative one as 64-bit two's complement, in ten bytes."""
    if 0 <= value < len(_SMALL):
        return _SMALL[value]
    return _encode_varint(value)


def _encode_varint(value: int) -> bytes:
    value &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


# Tags and the lengths of headers: nearly all integers of an event.
_SMALL = tuple(_encode_varint(value) for value in range(1024))
_TAGS = tuple(_encode_varint(number << 3 | LENGTH) for number in range(16))


def decode_varint(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned integer and the position behind it. Raises WireError."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise WireError("an integer without an end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def signed(value: int) -> int:
    """A varint as int32 or int64: the upper half of the unsigned numbers is negative."""
    value &= 0xFFFF_FFFF_FFFF_FFFF
    return value - (1 << 64) if value >> 63 else value


def encode_integer(number: int, value: int) -> bytes:
    """A field of type int32, int64 or bool."""
    return encode_varint(number << 3 | VARINT) + encode_varint(value)


def encode_bytes(number: int, value: bytes) -> bytes:
    """A field of type bytes, string or message."""
    size = len(value)
    if size < 0x80 and number < len(_TAGS):
        return _TAGS[number] + _SMALL[size] + value
    return encode_varint(number << 3 | LENGTH) + encode_varint(size) + value


def encode_text(number: int, value: str) -> bytes:
    """A field of type string."""
    return encode_bytes(number, value.encode("utf-8", "surrogateescape"))


def encode_double(number: int, value: float) -> bytes:
    """A field of type double. Raises OverflowError for an int that is too large."""
    return encode_varint(number << 3 | FIXED64) + _DOUBLE.pack(float(value))


def decode_text(value: bytes) -> str:
    """The text of a string field."""
    return value.decode("utf-8", "surrogateescape")


def decode_double(value: bytes) -> float:
    """The number of a double field. Raises WireError."""
    if len(value) != _DOUBLE.size:
        raise WireError(f"a double of {len(value)} bytes")
    number: float = _DOUBLE.unpack(value)[0]
    return number


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message: number and value, in their order.

    A varint's value is an int, any other's its bytes. Raises WireError.
    """
    at, end = 0, len(message)
    while at < end:
        key, at = decode_varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            integer, at = decode_varint(message, at)
            yield number, integer
            continue
        length, at = _length_of(kind, message, at)
        if number == 0 or at + length > end:
            raise WireError("a field that ends after its message")
        yield number, message[at : at + length]
        at += length


def _length_of(kind: int, message: bytes, at: int) -> tuple[int, int]:
    """The length of a field's bytes, and where they begin."""
    if kind == LENGTH:
        return decode_varint(message, at)
    if kind == FIXED64:
        return 8, at
    if kind == FIXED32:
        return 4, at
    raise WireError(f"a field of the unknown kind {kind}")


def bytes_of(value: int | bytes) -> bytes:
    """A field's value where bytes are expected. Raises WireError."""
    if isinstance(value, int):
        raise WireError("a number where bytes are expected")
    return value


def integer_of(value: int | bytes) -> int:
    """A field's value where an integer is expected. Raises WireError."""
    if isinstance(value, int):
        return signed(value)
    raise WireError("bytes where a number is expected")
