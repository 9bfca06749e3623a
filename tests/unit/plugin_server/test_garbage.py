"""Any bytes are a value or a WireError, in bounded time, and never anything else."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kong_plugin_server import messages, wire
from kong_plugin_server.messages import DECODERS, decode_call
from kong_plugin_server.wire import WireError
from tests.integration.plugin_server import proto

# These open a file, or raise what Kong says of a body.
KINDS = sorted(set(DECODERS) - {"body"})

# Mostly what a message begins with, so that more than the first byte is looked at.
fragments = st.one_of(
    st.binary(max_size=8),
    st.sampled_from([b"\x0a", b"\x12", b"\x1a", b"\x08", b"\x11", b"\x32", b"\x2a", b"\x22"]),
    st.integers(0, 12).map(lambda number: bytes([number])),
)
garbage = st.lists(fragments, max_size=20).map(b"".join)


@pytest.mark.parametrize("kind", KINDS)
@given(message=garbage)
def test_any_result_is_a_value_or_a_wire_error(kind: str, message: bytes) -> None:
    with suppress(WireError):
        DECODERS[kind](message)


@given(garbage)
def test_any_call_is_a_call_or_a_wire_error(message: bytes) -> None:
    with suppress(WireError):
        decode_call(message)
    with suppress(WireError):
        decode_call(proto.field(1, 1) + proto.field(36, message))
    with suppress(WireError):
        decode_call(proto.field(1, 1) + proto.field(33, message))


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_any_stream_is_frames_or_a_wire_error(chunks: list[bytes]) -> None:
    reader = wire.FrameReader()
    with suppress(WireError):
        for chunk in chunks:
            reader.feed(chunk)


def test_a_message_with_bytes_that_were_changed_is_read_or_refused() -> None:
    source = random.Random(3)
    whole = proto.write_struct({"host": "x", "cookie": ["a", "b"], "deep": {"a": [1.5, True]}})
    for _ in range(3_000):
        message = bytearray(whole)
        for _ in range(source.randint(1, 3)):
            message[source.randrange(len(message))] = source.randrange(256)
        with suppress(WireError):
            messages.decode_struct(bytes(message))
    for length in range(len(whole)):
        with suppress(WireError):
            messages.decode_struct(whole[:length])


@given(st.binary(max_size=5), st.binary(max_size=5), st.tuples(*[st.integers(-2, 2)] * 4))
def test_the_short_way_through_headers_reads_what_the_long_way_reads(
    name: bytes, value: bytes, wrong: tuple[int, ...]
) -> None:
    content = b"\x1a" + written(len(value), wrong[0]) + value
    middle = b"\x12" + written(len(content), wrong[1]) + content
    entry = b"\x0a" + written(len(name), wrong[2]) + name + middle
    entry = entry[: len(entry) + min(wrong[3], 0)]

    def slowly() -> object:
        parts = dict(wire.fields(entry))
        name = wire.decode_text(wire.bytes_of(parts.get(1, b"")))
        return {name: messages.decode_value(wire.bytes_of(parts.get(2, b"")))}

    assert result(lambda: messages.decode_struct(proto.field(1, entry))) == result(slowly)


def written(length: int, wrong: int) -> bytes:
    """A length of one byte, or another in its place."""
    return bytes([(length + wrong) % 256])


def result(decode: Callable[[], object]) -> object:
    """As text, since nan is not nan; the kind of error is enough."""
    try:
        return repr(decode())
    except WireError:
        return WireError


def nested(depth: int, number: int) -> bytes:
    """A struct in a struct (field 5 of Value), or a list in a list (6)."""
    message = b""
    for _ in range(depth):
        entry = proto.field(1, "a") + proto.field(2, message) if number == 5 else message
        message = proto.field(number, proto.field(1, entry))
    return message


@pytest.mark.parametrize("number", [5, 6])
def test_values_in_values_without_end_are_an_error(number: int) -> None:
    assert messages.decode_value(nested(20, number)) is not None
    with pytest.raises(WireError, match="nested too deep"):
        messages.decode_value(nested(2_000, number))


@pytest.mark.parametrize(
    "message",
    [
        b"\x80" * 200_000,
        b"\x08\x01" * 100_000,
        b"\x0a\x00" * 100_000,
        b"\x32\x00" * 100_000,
        proto.field(1, b"\x12" * 200_000),
    ],
)
def test_much_garbage_is_read_or_refused_at_once(message: bytes) -> None:
    started_at = time.process_time()
    for kind in KINDS:
        with suppress(WireError):
            DECODERS[kind](message)
    with suppress(WireError):
        decode_call(message)
    assert time.process_time() - started_at < 10
