"""Kong's messages as the tests' own Kong reads and writes them.

By the official library and pluginsocket.proto, and apart from the server's other code: a Struct
is a list of pairs here. That the numbers in pluginsocket.proto are Kong's is held byte by byte
(tests/unit/plugin_server/test_messages.py).

Reading is strict: a field that the message does not have, that comes twice, that has another
wire type, or an integer in more bytes than it needs fails the test. Kong would pass over some
of these; a server that writes them is wrong all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from google.protobuf.message import Message

from kong_plugin_server import pluginsocket_pb2 as pb

AnyMessage = TypeVar("AnyMessage", bound=Message)


def text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def octets(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


def read(message_type: type[AnyMessage], data: bytes) -> AnyMessage:
    """A message of this type and nothing else."""
    message = message_type.FromString(data)
    message.DiscardUnknownFields()
    assert message.ByteSize() == len(data), f"{data!r} is not written as {message}"
    return message


def make_value(value: Any) -> pb.Value:
    """A Value as pb_rpc.lua wraps a Lua value; nil has null_value 1."""
    if value is None:
        return pb.Value(null_value=1)
    if isinstance(value, bool):
        return pb.Value(bool_value=value)
    if isinstance(value, int | float):
        return pb.Value(number_value=value)
    if isinstance(value, str):
        return pb.Value(string_value=octets(value))
    if isinstance(value, Mapping):
        return pb.Value(struct_value=pb.Struct.FromString(write_struct(value)))
    return pb.Value(list_value=pb.ListValue(values=map(make_value, value)))


def write_value(value: Any) -> bytes:
    return make_value(value).SerializeToString()


def write_struct(values: Mapping[str, Any]) -> bytes:
    pairs = [pb.KV(k=octets(name), v=make_value(value)) for name, value in values.items()]
    return pb.Pairs(fields=pairs).SerializeToString()


def write_string(value: str | bytes | None) -> bytes:
    """String; Kong sends the same empty frame for nil."""
    if value is None:
        return b""
    return pb.String(v=octets(value) if isinstance(value, str) else value).SerializeToString()


def value_of(value: pb.Value) -> Any:
    kind = value.WhichOneof("kind")
    assert kind not in (None, "null_value"), "the server has no nil to send"
    if kind == "struct_value":
        return read_struct(value.struct_value.SerializeToString())
    if kind == "list_value":
        return [value_of(item) for item in value.list_value.values]
    content = getattr(value, str(kind))
    return text(content) if isinstance(content, bytes) else content


def read_value(data: bytes) -> Any:
    return value_of(read(pb.Value, data))


def read_list(data: bytes) -> list[Any]:
    return [value_of(item) for item in read(pb.ListValue, data).values]


def read_struct(data: bytes) -> dict[str, Any]:
    pairs = read(pb.Pairs, data).fields
    values = dict(map(name_and_value, pairs))
    assert len(values) == len(pairs), "a name that came twice"
    return values


def read_pair(data: bytes) -> tuple[str, Any]:
    return name_and_value(read(pb.KV, data))


def name_and_value(pair: pb.KV) -> tuple[str, Any]:
    assert pair.HasField("k")
    assert pair.HasField("v")
    return text(pair.k), value_of(pair.v)


def block(number: int, content: bytes) -> bytes:
    """A field of bytes by hand, for messages that the library refuses to write."""
    length, key = len(content), number << 3 | 2
    assert key < 0x80
    written = bytearray([key])
    while length > 0x7F:
        written.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes(written) + bytes([length]) + content
