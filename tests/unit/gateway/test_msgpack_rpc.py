"""The frames of MsgPack:1, cut anywhere."""

from itertools import pairwise
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.gateway.errors import PluginFailedError
from local.gateway.msgpack_rpc import MessageReader, to_multi_map

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
MESSAGES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 1000), VALUES).map(list), max_size=5
)


@given(MESSAGES, st.lists(st.integers(0, 200), max_size=6))
def test_messages_arrive_whole_however_the_stream_is_cut(
    messages: list[Any], cuts: list[int]
) -> None:
    stream = b"".join(msgpack.packb(message) for message in messages)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    reader = MessageReader()
    received = [
        message for start, end in pairwise(edges) for message in reader.feed(stream[start:end])
    ]
    assert received == messages


def test_text_that_is_not_utf8_survives_a_round_through_the_reader() -> None:
    (message,) = MessageReader().feed(msgpack.packb([1, 1, None, "x"], use_bin_type=False))
    assert message == [1, 1, None, "x"]
    (message,) = MessageReader().feed(b"\x91\xa1\xff")
    assert message == ["\udcff"]


def test_bytes_that_are_no_messagepack_fail_the_plugin() -> None:
    with pytest.raises(PluginFailedError):
        MessageReader().feed(b"\xc1")


def test_headers_go_out_as_arrays() -> None:
    values = {"one": "a", "two": ["b", "c"]}
    assert to_multi_map(values) == {"one": ["a"], "two": ["b", "c"]}
