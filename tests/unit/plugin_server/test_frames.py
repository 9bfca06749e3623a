"""Frames, byte by byte and as properties."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kong_plugin_server import frames
from kong_plugin_server.frames import FrameReader, WireError

messages = st.lists(st.binary(max_size=300), max_size=6)


@pytest.mark.parametrize(
    ("message", "framed"),
    [
        (b"", b"\x00\x00\x00\x00"),
        (b"kong", b"\x04\x00\x00\x00kong"),
        (b"x" * 258, b"\x02\x01\x00\x00" + b"x" * 258),
    ],
)
def test_a_frame_is_a_little_endian_length_and_the_message(message: bytes, framed: bytes) -> None:
    assert frames.frame(message) == framed
    assert FrameReader().feed(framed) == [message]


@given(messages, st.lists(st.integers(0, 2_000)))
def test_frames_are_the_same_wherever_the_stream_is_cut(
    sent: list[bytes], places: list[int]
) -> None:
    stream = b"".join(frames.frame(message) for message in sent)
    cuts = [0, *sorted(place for place in places if place < len(stream)), len(stream)]
    reader = FrameReader()

    read = [whole for start, end in pairwise(cuts) for whole in reader.feed(stream[start:end])]

    assert read == sent


def test_frames_are_the_same_cut_at_every_single_byte() -> None:
    sent = [b"", b"kong.request.get_headers", b"\x08\x64", b"", b"x" * 300]
    stream = b"".join(frames.frame(message) for message in sent)
    for place in range(len(stream) + 1):
        reader = FrameReader()
        assert reader.feed(stream[:place]) + reader.feed(stream[place:]) == sent
    reader = FrameReader()
    assert [whole for byte in stream for whole in reader.feed(bytes([byte]))] == sent


@pytest.mark.parametrize("length", [frames.MAX_FRAME_BYTES + 1, 2**31, 2**32 - 1])
def test_a_frame_that_is_too_long_is_refused_before_it_is_read(length: int) -> None:
    with pytest.raises(WireError, match=f"a frame of {length} bytes"):
        FrameReader().feed(frames.frame(b"") + length.to_bytes(4, "little"))


def test_a_frame_of_the_greatest_length_is_waited_for() -> None:
    assert FrameReader().feed(frames.MAX_FRAME_BYTES.to_bytes(4, "little") + b"x") == []
