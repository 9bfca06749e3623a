"""The frames of ProtoBuf:1: bytes in, bytes out. Pure."""

from __future__ import annotations

import struct

# A frame holds a message of one request: its headers, or its body. Kong buffers no more
# than this of either; a longer frame is an attack or garbage.
MAX_FRAME_BYTES = 16 * 1024 * 1024

_HEADER = struct.Struct("<I")
_HEADER_BYTES = _HEADER.size


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
