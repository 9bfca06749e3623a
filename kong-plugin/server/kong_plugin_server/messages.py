"""The messages between Kong and the server (pluginsocket.proto), to and from Python values.

Requests of Kong: `decode_call`. Its answers: `encode_return`. Arguments and results of
PDK methods: `ENCODERS` and `DECODERS`, by the kind of value that pdk.py names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from google.protobuf.message import DecodeError, Message

from kong_plugin_server import pluginsocket_pb2 as pb
from kong_plugin_server.frames import WireError
from kong_plugin_server.values import (
    as_bytes,
    as_text,
    read_struct,
    read_value,
    write_list,
    write_struct,
    write_value,
)

JSON_TYPE = "application/json; charset=utf-8"
MAX_KEPT_CHARACTERS = 256

AnyMessage = TypeVar("AnyMessage", bound=Message)


class StartInstance(NamedTuple):
    """Kong has a configuration for a plugin."""

    sequence: int
    name: str
    config: Any


class CloseInstance(NamedTuple):
    """Kong will not use an instance any more."""

    sequence: int
    instance_id: int


class HandleEvent(NamedTuple):
    """A request is in a phase of an instance's plugin."""

    sequence: int
    instance_id: int
    phase: str


Call = StartInstance | CloseInstance | HandleEvent


def parse(message_type: type[AnyMessage], data: bytes) -> AnyMessage:
    """A message from its bytes. Raises WireError."""
    try:
        return message_type.FromString(data)
    except DecodeError as error:
        name = message_type.DESCRIPTOR.name
        raise WireError(f"no message {name}, or one that is nested too deep: {error}") from None


def decode_call(message: bytes) -> Call:
    """RpcCall, as far as Kong sends it. Raises WireError for anything else."""
    call = parse(pb.RpcCall, message)
    command = call.WhichOneof("call")
    if command == "cmd_handle_event":
        event = call.cmd_handle_event
        return HandleEvent(_sequence_of(call), _instance_of(event), as_text(event.event_name))
    if command == "cmd_start_instance":
        start = call.cmd_start_instance
        return StartInstance(_sequence_of(call), as_text(start.name), _decode_json(start.config))
    if command == "cmd_close_instance":
        return CloseInstance(_sequence_of(call), _instance_of(call.cmd_close_instance))
    raise WireError("an RpcCall without a command that this server knows")


def _sequence_of(call: pb.RpcCall) -> int:
    if not call.HasField("sequence"):
        raise WireError("an RpcCall without a sequence")
    return call.sequence


def _instance_of(command: pb.CmdHandleEvent | pb.CmdCloseInstance) -> int:
    if not command.HasField("instance_id"):
        raise WireError("a command without an instance")
    return command.instance_id


def _decode_json(text: bytes) -> Any:
    try:
        return json.loads(as_text(text))
    except (ValueError, RecursionError) as error:
        raise WireError(f"a configuration that is no JSON: {error}") from None


def encode_return(sequence: int) -> bytes:
    """RpcReturn without a content: the event is over."""
    return pb.RpcReturn(sequence=sequence).SerializeToString()


def encode_instance_return(sequence: int, name: str, instance_id: int, started_at: int) -> bytes:
    """RpcReturn with an InstanceStatus; `started_at` in seconds since 1970."""
    status = pb.InstanceStatus(name=as_bytes(name), instance_id=instance_id, started_at=started_at)
    return pb.RpcReturn(sequence=sequence, instance_status=status).SerializeToString()


def encode_struct(values: Mapping[str, object]) -> bytes:
    """Struct: headers, a query, the arguments of a form. Raises what `write_value` raises."""
    struct = pb.Struct()
    write_struct(struct, values)
    return struct.SerializeToString()


def encode_headers(headers: Mapping[str, object]) -> bytes:
    """Struct, for headers of an answer: mostly they are the same for every request.

    Each is kept as a Struct of its own; on the wire several behind each other are one. Raises
    what `write_value` raises.
    """
    return b"".join(
        [
            _encode_header(name, value)
            if isinstance(value, str) and len(value) < MAX_KEPT_CHARACTERS
            else encode_struct({name: value})
            for name, value in headers.items()
        ]
    )


@lru_cache(maxsize=512)
def _encode_header(name: str, value: str) -> bytes:
    return encode_struct({name: value})


def _encode_nothing() -> bytes:
    return b""


def _encode_text(value: object) -> bytes:
    return pb.String(v=as_bytes(str(value))).SerializeToString()


# Values are assigned where None is a mistake: a constructor takes it for a field that is left out.
def _encode_integer(value: int) -> bytes:
    message = pb.Int()
    message.v = value
    return message.SerializeToString()


def _encode_flag(value: bool) -> bytes:
    message = pb.Bool()
    message.v = value
    return message.SerializeToString()


def _encode_bytes(value: bytes | str) -> bytes:
    message = pb.ByteString()
    message.v = _content(value)
    return message.SerializeToString()


def _encode_pair(name: str, value: object) -> bytes:
    pair = pb.KV(k=as_bytes(name))
    write_value(pair.v, value)
    return pair.SerializeToString()


def _encode_texts(*values: object) -> bytes:
    texts = pb.ListValue()
    write_list(texts, [value if isinstance(value, str) else str(value) for value in values])
    return texts.SerializeToString()


def _encode_target(host: str, port: int) -> bytes:
    target = pb.Target(host=as_bytes(host))
    target.port = port
    return target.SerializeToString()


def _encode_exit(
    status: int,
    body: str | bytes | Mapping[str, object] | Sequence[object] | None = None,
    headers: Mapping[str, object] | None = None,
) -> bytes:
    """ExitArgs. A mapping becomes JSON here, as a table does in Kong itself."""
    if body is not None and not isinstance(body, str | bytes):
        body = json.dumps(body)
        headers = {"Content-Type": JSON_TYPE, **(headers or {})}
    message = pb.ExitArgs()
    message.status = status
    if body:
        message.body = _content(body)
    if headers:
        message.headers.MergeFromString(encode_headers(headers))
    return message.SerializeToString()


def _content(value: str | bytes) -> bytes:
    return as_bytes(value) if isinstance(value, str) else value


def _decode_nothing(_: bytes) -> None:
    return None


def _decode_field(
    message_type: type[pb.String | pb.ByteString | pb.Int | pb.Bool | pb.Number], data: bytes
) -> Any:
    """The one field `v` of a result; None for an empty frame. Raises WireError."""
    if not data:
        return None
    message = parse(message_type, data)
    if not message.HasField("v"):
        raise WireError(f"a {message_type.DESCRIPTOR.name} without its value")
    return message.v


def _decode_text(data: bytes) -> str | None:
    """Kong sends the same empty frame for nil and for an empty text."""
    value = _decode_field(pb.String, data)
    return None if value is None else as_text(value)


def _decode_integer(data: bytes) -> int:
    return _decode_field(pb.Int, data) or 0


def _decode_flag(data: bytes) -> bool:
    return _decode_field(pb.Bool, data) or False


def _decode_number(data: bytes) -> float:
    return _decode_field(pb.Number, data) or 0.0


def _decode_bytes(data: bytes) -> bytes:
    return _decode_field(pb.ByteString, data) or b""


def decode_value(data: bytes) -> Any:
    """Value; without content, as Kong sends nil and false, None.

    Raises WireError, also for values in values without end.
    """
    value = parse(pb.Value, data)
    if data and value.WhichOneof("kind") is None:
        raise WireError("a Value of none of its kinds")
    return read_value(value)


def decode_struct(data: bytes) -> dict[str, Any]:
    """Struct: a header that came more than once is a list. Raises WireError."""
    struct = parse(pb.Struct, data)
    if data and not struct.fields:
        raise WireError("a Struct without its fields")
    return read_struct(struct)


def _decode_body(data: bytes) -> str:
    """RawBodyResult: the content; a body that Kong holds in a file is read from there."""
    result = parse(pb.RawBodyResult, data)
    if result.HasField("body_filepath"):
        with open(as_text(result.body_filepath), "rb") as file:
            return as_text(file.read())
    if result.HasField("error"):
        raise ValueError(as_text(result.error))
    return as_text(result.content)


Encoder = Callable[..., bytes]
Decoder = Callable[[bytes], Any]

ENCODERS: Mapping[str, Encoder] = {
    "nothing": _encode_nothing,
    "text": _encode_text,
    "integer": _encode_integer,
    "flag": _encode_flag,
    "bytes": _encode_bytes,
    "pair": _encode_pair,
    "texts": _encode_texts,
    "struct": encode_struct,
    "headers": encode_headers,
    "target": _encode_target,
    "exit": _encode_exit,
}
DECODERS: Mapping[str, Decoder] = {
    "nothing": _decode_nothing,
    "text": _decode_text,
    "integer": _decode_integer,
    "flag": _decode_flag,
    "number": _decode_number,
    "bytes": _decode_bytes,
    "value": decode_value,
    "struct": decode_struct,
    "body": _decode_body,
}
