"""Any bytes are a value or a WireError, in bounded time, and never anything else."""

from __future__ import annotations

import random
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kong_plugin_server import frames, messages
from kong_plugin_server.frames import WireError
from kong_plugin_server.messages import DECODERS, decode_call
from tests.integration.plugin_server import proto
from tests.integration.plugin_server.proto import block

# These open a file, or raise what Kong says of a body.
KINDS = sorted(set(DECODERS) - {"body"})

# Mostly what a message begins with, so that more than the first byte is looked at.
fragments = st.one_of(
    st.binary(max_size=8),
    st.sampled_from([b"\x0a", b"\x12", b"\x1a", b"\x08", b"\x11", b"\x32", b"\x2a", b"\x22"]),
    st.integers(0, 12).map(lambda number: bytes([number])),
)
garbage = st.lists(fragments, max_size=20).map(b"".join).filter(lambda data: len(data) < 0x80)


@pytest.mark.parametrize("kind", KINDS)
@given(message=garbage)
def test_any_result_is_a_value_or_a_wire_error(kind: str, message: bytes) -> None:
    with suppress(WireError):
        DECODERS[kind](message)


def command(key: int, content: bytes) -> bytes:
    """An RpcCall with a command of less than 128 bytes: 0x8A starts an instance, 0xA2 an event."""
    return b"\x08\x01" + bytes([key, 0x02, len(content)]) + content


@given(garbage)
def test_any_call_is_a_call_or_a_wire_error(message: bytes) -> None:
    with suppress(WireError):
        decode_call(message)
    with suppress(WireError):
        decode_call(command(0xA2, message))
    with suppress(WireError):
        decode_call(command(0x8A, message))


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_any_stream_is_frames_or_a_wire_error(chunks: list[bytes]) -> None:
    reader = frames.FrameReader()
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


def nested(depth: int, number: int) -> bytes:
    """A struct in a struct (field 5 of Value), or a list in a list (6)."""
    message = b""
    for _ in range(depth):
        entry = block(1, b"a") + block(2, message) if number == 5 else message
        message = block(number, block(1, entry))
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
        block(1, b"\x12" * 200_000),
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
