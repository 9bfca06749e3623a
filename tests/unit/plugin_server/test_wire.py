"""Frames and Protocol Buffers' encoding, byte by byte and as properties."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kong_plugin_server import wire
from kong_plugin_server.wire import FrameReader, WireError
from tests.integration.plugin_server import proto

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
    assert wire.frame(message) == framed
    assert FrameReader().feed(framed) == [message]


@given(messages, st.lists(st.integers(0, 2_000)))
def test_frames_are_the_same_wherever_the_stream_is_cut(
    sent: list[bytes], places: list[int]
) -> None:
    stream = b"".join(wire.frame(message) for message in sent)
    cuts = [0, *sorted(place for place in places if place < len(stream)), len(stream)]
    reader = FrameReader()

    read = [frame for start, end in pairwise(cuts) for frame in reader.feed(stream[start:end])]

    assert read == sent


def test_frames_are_the_same_cut_at_every_single_byte() -> None:
    sent = [b"", b"kong.request.get_headers", b"\x08\x64", b"", b"x" * 300]
    stream = b"".join(wire.frame(message) for message in sent)
    for place in range(len(stream) + 1):
        reader = FrameReader()
        assert reader.feed(stream[:place]) + reader.feed(stream[place:]) == sent
    reader = FrameReader()
    assert [frame for byte in stream for frame in reader.feed(bytes([byte]))] == sent


@pytest.mark.parametrize("length", [wire.MAX_FRAME_BYTES + 1, 2**31, 2**32 - 1])
def test_a_frame_that_is_too_long_is_refused_before_it_is_read(length: int) -> None:
    with pytest.raises(WireError, match=f"a frame of {length} bytes"):
        FrameReader().feed(wire.frame(b"") + length.to_bytes(4, "little"))


def test_a_frame_of_the_greatest_length_is_waited_for() -> None:
    assert FrameReader().feed(wire.MAX_FRAME_BYTES.to_bytes(4, "little") + b"x") == []


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, b"\x00"),
        (1, b"\x01"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (300, b"\xac\x02"),
        (1_023, b"\xff\x07"),
        (1_024, b"\x80\x08"),
        (16_383, b"\xff\x7f"),
        (16_384, b"\x80\x80\x01"),
        (2**31 - 1, b"\xff\xff\xff\xff\x07"),
        (2**63 - 1, b"\xff" * 8 + b"\x7f"),
        (-1, b"\xff" * 9 + b"\x01"),
        (-(2**31), b"\x80\x80\x80\x80\xf8" + b"\xff" * 4 + b"\x01"),
    ],
)
def test_an_integer_has_seven_bits_a_byte(value: int, encoded: bytes) -> None:
    assert wire.encode_varint(value) == encoded
    number, end = wire.decode_varint(b"\x00" + encoded + b"\x55", 1)
    assert (wire.signed(number), end) == (value, 1 + len(encoded))


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_integer_comes_back_and_is_the_same_as_another_encoders(value: int) -> None:
    encoded = wire.encode_varint(value)

    assert encoded == proto.write_varint(value % 2**64)
    assert wire.signed(wire.decode_varint(encoded, 0)[0]) == value


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 9, b"\x80" * 11, b"\xff" * 100])
def test_an_integer_without_an_end_is_an_error(data: bytes) -> None:
    with pytest.raises(WireError, match="without an end"):
        wire.decode_varint(data, 0)


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (wire.encode_integer(1, 403), b"\x08\x93\x03"),  # field 1, varint
        (wire.encode_integer(16, 1), b"\x80\x01\x01"),  # field 16: a key of two bytes
        (wire.encode_bytes(2, b"no"), b"\x12\x02no"),  # field 2, length
        (wire.encode_bytes(36, b""), b"\xa2\x02\x00"),  # field 36
        (wire.encode_bytes(2, b"x" * 127), b"\x12\x7f" + b"x" * 127),
        (wire.encode_bytes(2, b"x" * 128), b"\x12\x80\x01" + b"x" * 128),
        (wire.encode_bytes(2, b"x" * 16_384), b"\x12\x80\x80\x01" + b"x" * 16_384),
        (wire.encode_text(1, "é\udcff"), b"\x0a\x03\xc3\xa9\xff"),  # 0xff is no UTF-8
        (wire.encode_double(2, 1.5), b"\x11\x00\x00\x00\x00\x00\x00\xf8\x3f"),  # 64 bits
    ],
)
def test_a_field_is_its_key_and_its_value(encoded: bytes, expected: bytes) -> None:
    assert encoded == expected


@given(
    st.lists(
        st.tuples(
            st.integers(1, 2**29 - 1),
            st.one_of(st.integers(0, 2**64 - 1), st.binary(max_size=20_000)),
        ),
        max_size=5,
    )
)
def test_fields_come_back_in_their_order(sent: list[tuple[int, int | bytes]]) -> None:
    message = b"".join(proto.field(number, value) for number, value in sent)

    assert list(wire.fields(message)) == sent


@pytest.mark.parametrize(
    "message",
    [
        b"\x0a",  # a length that is missing
        b"\x0a\x02x",  # longer than the message
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  # 2 ** 64 - 1 bytes
        b"\x09\x00",  # half a double
        b"\x0d\x00",  # half a fixed32
        b"\x0b\x0c",  # a group
        b"\x0f",  # a kind that does not exist
        b"\x02\x00",  # field 0
    ],
)
def test_what_is_no_message_is_an_error(message: bytes) -> None:
    with pytest.raises(WireError):
        list(wire.fields(message))
