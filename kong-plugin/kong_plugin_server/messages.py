"""The messages of Kong's pluginsocket.proto (Kong 3.9.1), to and from Python values.

Requests of Kong: `decode_call`. Its answers: `encode_return`. Arguments and results of
PDK methods: `ENCODERS` and `DECODERS`, by the kind of value that pdk.py names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kong_plugin_server.wire import (
    WireError,
    bytes_of,
    decode_double,
    decode_text,
    decode_varint,
    encode_bytes,
    encode_double,
    encode_integer,
    encode_text,
    fields,
    integer_of,
)

JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class StartInstance:
    """Kong has a configuration for a plugin."""

    sequence: int
    name: str
    config: Any


@dataclass(frozen=True, slots=True)
class CloseInstance:
    """Kong will not use an instance any more."""

    sequence: int
    instance_id: int


@dataclass(frozen=True, slots=True)
class HandleEvent:
    """A request is in a phase of an instance's plugin."""

    sequence: int
    instance_id: int
    phase: str


Call = StartInstance | CloseInstance | HandleEvent


def decode_call(message: bytes) -> Call:
    """RpcCall, as far as Kong sends it. Raises WireError for anything else."""
    sequence, command, content = 0, 0, b""
    for number, value in fields(message):
        if number == 1:
            sequence = integer_of(value)
        else:
            command, content = number, bytes_of(value)
    if command == 36:
        return HandleEvent(sequence, *_decode_event(content))
    parts = dict(fields(content))
    if command == 33:
        name = decode_text(bytes_of(parts.get(1, b"")))
        return StartInstance(sequence, name, _decode_json(bytes_of(parts.get(2, b""))))
    if command == 35:
        return CloseInstance(sequence, integer_of(parts.get(1, 0)))
    raise WireError(f"an RpcCall with the unknown command {command}")


# The same few bytes for each event of an instance's phase.
@lru_cache(maxsize=1024)
def _decode_event(content: bytes) -> tuple[int, str]:
    parts = dict(fields(content))
    return integer_of(parts.get(1, 0)), decode_text(bytes_of(parts.get(2, b"")))


def _decode_json(text: bytes) -> Any:
    try:
        return json.loads(text.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError) as error:
        raise WireError(f"a configuration that is no JSON: {error}") from None


def encode_return(sequence: int) -> bytes:
    """RpcReturn without a content: the event is over."""
    return encode_integer(1, sequence)


def encode_instance_return(sequence: int, name: str, instance_id: int, started_at: int) -> bytes:
    """RpcReturn with an InstanceStatus; `started_at` in seconds since 1970."""
    status = encode_text(1, name) + encode_integer(2, instance_id) + encode_integer(4, started_at)
    return encode_integer(1, sequence) + encode_bytes(33, status)


def encode_value(value: object) -> bytes:
    """google.protobuf.Value. Raises TypeError for what it cannot hold."""
    if isinstance(value, str):
        return encode_text(3, value)
    if isinstance(value, bool):
        return encode_integer(4, value)
    if isinstance(value, int | float):
        return encode_double(2, value)
    if isinstance(value, Mapping):
        return encode_bytes(5, encode_struct(value))
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return encode_bytes(6, encode_list(value))
    raise TypeError(f"Kong cannot be sent a value of type {type(value).__name__}")


def encode_list(values: Sequence[object]) -> bytes:
    """google.protobuf.ListValue."""
    return b"".join(encode_bytes(1, encode_value(value)) for value in values)


def encode_struct(values: Mapping[str, object]) -> bytes:
    """google.protobuf.Struct: headers, a query, the arguments of a form."""
    return b"".join(
        _encode_short_entry(name, value)
        if isinstance(value, str) and len(value) < 256
        else _encode_entry(name, value)
        for name, value in values.items()
    )


def _encode_entry(name: str, value: object) -> bytes:
    return encode_bytes(1, encode_text(1, name) + encode_bytes(2, encode_value(value)))


# Most headers that a plugin sets are the same for every request.
_encode_short_entry = lru_cache(maxsize=512)(_encode_entry)


def decode_value(message: bytes) -> Any:
    """google.protobuf.Value; without content, as Kong sends nil and false, None.

    Raises WireError, also for values in values without end.
    """
    try:
        return _decode_value(message)
    except RecursionError:
        raise WireError("a value that is nested too deep") from None


def _decode_value(message: bytes) -> Any:
    for number, value in fields(message):
        if number == 3:
            return decode_text(bytes_of(value))
        if number == 6:
            return decode_list(bytes_of(value))
        if number == 5:
            return decode_struct(bytes_of(value))
        if number == 4:
            return bool(value)
        if number == 2:
            return decode_double(bytes_of(value))
    return None


def decode_list(message: bytes) -> list[Any]:
    """google.protobuf.ListValue."""
    return [decode_value(bytes_of(value)) for _, value in fields(message)]


def decode_struct(message: bytes) -> dict[str, Any]:
    """google.protobuf.Struct: a header that came more than once is a list."""
    result = {}
    at, end = 0, len(message)
    while at < end:
        at, start = read_length(message, at, 0x0A)
        name, value = _decode_entry(message[start:at])
        result[name] = value
    return result


def read_length(message: bytes, at: int, tag: int) -> tuple[int, int]:
    """Where a field of bytes with this tag ends and begins. Raises WireError."""
    if message[at] != tag:
        raise WireError(f"a field with the tag {message[at]} where {tag} is expected")
    length, start = decode_varint(message, at + 1)
    if start + length > len(message):
        raise WireError("a field that ends after its message")
    return start + length, start


def _decode_entry(entry: bytes) -> tuple[str, Any]:
    """A name and its value. Nearly always both are texts of less than 128 bytes."""
    size = len(entry)
    if size > 3 and entry[0] == 0x0A:
        middle = 2 + entry[1]
        if size < 0x80 and middle + 4 <= size and entry[middle : middle + 1] == b"\x12":
            content = middle + 4
            value_end = content - 2 + entry[middle + 1]
            if entry[middle + 2] == 0x1A and value_end == size == content + entry[middle + 3]:
                return decode_text(entry[2:middle]), decode_text(entry[content:])
    parts = dict(fields(entry))
    name = decode_text(bytes_of(parts.get(1, b"")))
    return name, decode_value(bytes_of(parts.get(2, b"")))


def _encode_nothing() -> bytes:
    return b""


def _encode_text(value: object) -> bytes:
    return encode_text(1, str(value))


def _encode_integer(value: int) -> bytes:
    return encode_integer(1, value)


def _encode_bytes(value: bytes | str) -> bytes:
    return encode_bytes(1, _as_bytes(value))


def _encode_pair(name: str, value: object) -> bytes:
    return encode_text(1, name) + encode_bytes(2, encode_value(value))


def _encode_texts(*values: object) -> bytes:
    return encode_list([value if isinstance(value, str) else str(value) for value in values])


def _encode_target(host: str, port: int) -> bytes:
    return encode_text(1, host) + encode_integer(2, port)


def _encode_exit(
    status: int,
    body: str | bytes | Mapping[str, object] | Sequence[object] | None = None,
    headers: Mapping[str, object] | None = None,
) -> bytes:
    """ExitArgs. A mapping becomes JSON here, as a table does in Kong itself."""
    if body is not None and not isinstance(body, str | bytes):
        body = json.dumps(body)
        headers = {"Content-Type": JSON_TYPE, **(headers or {})}
    message = encode_integer(1, status)
    if body:
        message += encode_bytes(2, _as_bytes(body))
    if headers:
        message += encode_bytes(3, encode_struct(headers))
    return message


def _as_bytes(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value


def _decode_nothing(_: bytes) -> None:
    return None


def _decode_text(message: bytes) -> str | None:
    """Kong sends the same empty frame for nil and for an empty text."""
    value = dict(fields(message)).get(1)
    return None if value is None else decode_text(bytes_of(value))


def _decode_integer(message: bytes) -> int:
    return integer_of(dict(fields(message)).get(1, 0))


def _decode_flag(message: bytes) -> bool:
    return bool(_decode_integer(message))


def _decode_number(message: bytes) -> float:
    value = dict(fields(message)).get(1)
    return 0.0 if value is None else decode_double(bytes_of(value))


def _decode_bytes(message: bytes) -> bytes:
    return bytes_of(dict(fields(message)).get(1, b""))


def _decode_body(message: bytes) -> str | None:
    """RawBodyResult: the content; a body that Kong holds in a file is read from there."""
    parts = dict(fields(message))
    if 2 in parts:
        with open(decode_text(bytes_of(parts[2])), "rb") as file:
            return decode_text(file.read())
    if 3 in parts:
        raise ValueError(decode_text(bytes_of(parts[3])))
    return decode_text(bytes_of(parts.get(1, b"")))


Encoder = Callable[..., bytes]
Decoder = Callable[[bytes], Any]

ENCODERS: Mapping[str, Encoder] = {
    "nothing": _encode_nothing,
    "text": _encode_text,
    "integer": _encode_integer,
    "flag": _encode_integer,
    "bytes": _encode_bytes,
    "pair": _encode_pair,
    "texts": _encode_texts,
    "struct": encode_struct,
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
