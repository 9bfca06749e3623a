"""The messages of Kong's pluginsocket.proto, byte by byte, and Struct and Value as properties.

The bytes are written out, so that a wrong number or type in our own pluginsocket.proto fails.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kong_plugin_server import messages
from kong_plugin_server.frames import WireError
from kong_plugin_server.messages import (
    DECODERS,
    ENCODERS,
    CloseInstance,
    HandleEvent,
    StartInstance,
    decode_call,
)
from kong_plugin_server.pluginsocket_pb2 import Value
from kong_plugin_server.values import write_value
from tests.integration.plugin_server import proto

# Any bytes, as the text that they become here.
texts = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=40).map(lambda data: data.decode("utf-8", "surrogateescape")),
    st.integers(120, 135).map("x".__mul__),
    st.just("y" * 16_400),
).filter(lambda text: not any("\ud800" <= letter < "\udc80" for letter in text))
scalars = st.one_of(texts, st.booleans(), st.floats(allow_nan=False))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=10,
)


def encode_value(value: object) -> bytes:
    target = Value()
    write_value(target, value)
    return target.SerializeToString()


@pytest.mark.parametrize(
    ("message", "call"),
    [
        # sequence = 1: 2; cmd_handle_event = 36 {instance_id = 1: 300, event_name = 2}
        (
            b"\x08\x02\xa2\x02\x0b\x08\xac\x02\x12\x06access",
            HandleEvent(2, 300, "access"),
        ),
        # cmd_start_instance = 33 {name = 1: "ct", config = 2: JSON as bytes}
        (
            b'\x08\x03\x8a\x02\x0d\x0a\x02ct\x12\x07{"a":1}',
            StartInstance(3, "ct", {"a": 1}),
        ),
        # cmd_close_instance = 35 {instance_id = 1}
        (b"\x08\x04\x9a\x02\x02\x08\x07", CloseInstance(4, 7)),
        # The order of fields is free.
        (b"\xa2\x02\x02\x08\x07\x08\x05", HandleEvent(5, 7, "")),
    ],
)
def test_a_call_of_kong_is_read(message: bytes, call: messages.Call) -> None:
    assert decode_call(message) == call


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x08\x01",  # no command
        b"\x08\x01\xfa\x01\x00",  # 31: get plugin names
        b"\x08\x01\xa0\x02\x01",  # 36 as an integer
        b"\x0a\x01x\xa2\x02\x00",  # a text as the sequence
        b"\x08\x01\xa2\x02\x03\x0a\x01x",  # a text as the instance id
        b"\x08\x01\x8a\x02\x03\x12\x01{",  # half a configuration
        b"\xa2\x02\x02\x08\x07",  # no sequence
        b"\x08\x01\xa2\x02\x08\x12\x06access",  # no instance
        b"\x08\x01\x9a\x02\x00",
        b"\x08\x01\x8a\x02\xa4\x8d\x06\x12\xa0\x8d\x06" + b"[" * 100_000,
        b"\x08\x01\x8a\x02\x03\x12\x01\xff",
    ],
)
def test_what_is_no_call_of_kong_is_an_error(message: bytes) -> None:
    with pytest.raises(WireError):
        decode_call(message)


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        # RpcReturn: sequence = 1
        (messages.encode_return(300), b"\x08\xac\x02"),
        # RpcReturn: sequence = 1; instance_status = 33 {name = 1, instance_id = 2, started_at = 4}
        (
            messages.encode_instance_return(1, "ct", 300, 5),
            b"\x08\x01\x8a\x02\x09\x0a\x02ct\x10\xac\x02\x20\x05",
        ),
        # KV: k = 1; v = 2 {string_value = 3}
        (ENCODERS["pair"]("X-A", "1"), b"\x0a\x03X-A\x12\x03\x1a\x011"),
        # Struct: fields = 1 {key = 1; value = 2 {string_value = 3}}
        (ENCODERS["struct"]({"a": "b"}), b"\x0a\x08\x0a\x01a\x12\x03\x1a\x01b"),
        # ... {list_value = 6 {values = 1 {string_value = 3}}}
        (
            ENCODERS["struct"]({"a": ["b"]}),
            b"\x0a\x0c\x0a\x01a\x12\x07\x32\x05\x0a\x03\x1a\x01b",
        ),
        # ExitArgs: status = 1; body = 2; headers = 3, a Struct
        (
            ENCODERS["exit"](403, "no", {"a": "b"}),
            b"\x08\x93\x03\x12\x02no\x1a\x0a\x0a\x08\x0a\x01a\x12\x03\x1a\x01b",
        ),
        (ENCODERS["exit"](204), b"\x08\xcc\x01"),
        (ENCODERS["exit"](200, b"\xff"), b"\x08\xc8\x01\x12\x01\xff"),
        # Target: host = 1; port = 2
        (ENCODERS["target"]("h", 80), b"\x0a\x01h\x10\x50"),
        # ListValue: values = 1; what is no text becomes one, as in Kong's log
        (ENCODERS["texts"]("a", 1), b"\x0a\x03\x1a\x01a\x0a\x03\x1a\x011"),
        (ENCODERS["text"]("a"), b"\x0a\x01a"),
        (ENCODERS["integer"](100), b"\x08\x64"),
        (ENCODERS["flag"](True), b"\x08\x01"),
        (ENCODERS["bytes"](b"\x00\xff"), b"\x0a\x02\x00\xff"),
        (ENCODERS["nothing"](), b""),
        # Value: number_value = 2, a double; bool_value = 4; struct_value = 5
        (encode_value(1), b"\x11\x00\x00\x00\x00\x00\x00\xf0\x3f"),
        (encode_value(True), b"\x20\x01"),
        (encode_value({}), b"\x2a\x00"),
        (encode_value([]), b"\x32\x00"),
        (encode_value(""), b"\x1a\x00"),
        # Names and values that are no UTF-8
        (ENCODERS["pair"]("\udcff", "\udcfe"), b"\x0a\x01\xff\x12\x03\x1a\x01\xfe"),
        (
            ENCODERS["struct"]({"\udcff": "\udcfe"}),
            b"\x0a\x08\x0a\x01\xff\x12\x03\x1a\x01\xfe",
        ),
    ],
)
def test_a_message_to_kong_has_these_bytes(encoded: bytes, expected: bytes) -> None:
    assert encoded == expected


@pytest.mark.parametrize(
    ("kind", "message", "value"),
    [
        ("text", b"\x0a\x02ab", "ab"),
        ("text", b"\x0a\x01\xff", "\udcff"),
        ("text", b"", None),  # Kong sends the same for nil and for an empty text
        ("integer", b"\x08\xbb\x03", 443),
        ("integer", b"", 0),
        ("integer", b"\x08" + b"\xff" * 9 + b"\x01", -1),
        ("flag", b"\x08\x01", True),
        ("flag", b"", False),
        ("number", b"\x09\x00\x00\x00\x00\x00\x00\xf0\x3f", 1.0),
        ("number", b"", 0.0),
        ("bytes", b"\x0a\x02\x00\xff", b"\x00\xff"),
        ("value", b"", None),
        ("value", b"\x08\x01", None),  # null_value = 1: how pb_rpc.lua wraps nil
        ("value", b"\x20\x00", False),
        ("body", b"\x0a\x02{}", "{}"),
        ("nothing", b"", None),
        ("struct", b"\x0a\x08\x0a\x01a\x12\x03\x1a\x01b", {"a": "b"}),
        ("struct", b"\x0a\x08\x12\x03\x1a\x01b\x0a\x01a", {"a": "b"}),  # value before name
        ("struct", b"\x0a\x05\x12\x03\x1a\x01b", {"": "b"}),  # Kong leaves an empty name out
        ("struct", b"\x0a\x03\x0a\x01a", {"a": None}),  # as Kong sends false
        ("struct", b"\x0a\x08\x0a\x01\xff\x12\x03\x1a\x01\xfe", {"\udcff": "\udcfe"}),
        (  # a name that came twice: the later one
            "struct",
            b"\x0a\x08\x0a\x01a\x12\x03\x1a\x01b\x0a\x08\x0a\x01a\x12\x03\x1a\x01c",
            {"a": "c"},
        ),
        (
            "struct",
            b"\x0a\x11\x0a\x01a\x12\x0c\x32\x0a\x0a\x03\x1a\x01b\x0a\x03\x1a\x01c",
            {"a": ["b", "c"]},
        ),
    ],
)
def test_a_result_of_kong_is_read(kind: str, message: bytes, value: object) -> None:
    assert DECODERS[kind](message) == value


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("text", b"\x08\x01"),  # an integer
        ("integer", b"\x0a\x00"),
        ("value", b"\x12\x00"),  # bytes where a double is
        ("struct", b"\x08\x01"),
        ("bytes", b"\x0a\x02x"),  # longer than the message
    ],
)
def test_what_is_no_result_is_an_error(kind: str, message: bytes) -> None:
    with pytest.raises(WireError):
        DECODERS[kind](message)


@given(values)
def test_a_value_goes_to_kong_and_comes_back(value: Any) -> None:
    encoded = encode_value(value)

    assert proto.read_value(encoded) == value
    assert messages.decode_value(proto.write_value(value)) == value


@given(st.dictionaries(texts, st.one_of(texts, st.lists(texts, min_size=2, max_size=3))))
def test_headers_go_to_kong_and_come_back(headers: dict[str, Any]) -> None:
    assert proto.read_struct(messages.encode_struct(headers)) == headers
    assert messages.decode_struct(proto.write_struct(headers)) == headers


@pytest.mark.parametrize("value", [object(), b"bytes", None, {1, 2}, [object()], {"a": b""}])
def test_a_value_that_kong_cannot_hold_is_an_error(value: object) -> None:
    with pytest.raises(TypeError, match="Kong cannot be sent a value of type"):
        encode_value(value)
