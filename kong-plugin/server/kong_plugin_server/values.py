"""Python values in Kong's messages: text, numbers, lists, and tables such as headers.

Text is UTF-8; bytes that are not survive as surrogates (PEP 383), in names and in values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kong_plugin_server.pluginsocket_pb2 import ListValue, Pairs, Struct, Value


def as_bytes(text: str) -> bytes:
    """The bytes of a text. Raises UnicodeEncodeError for a surrogate that stands for none."""
    return text.encode("utf-8", "surrogateescape")


def as_text(data: bytes) -> str:
    """The text of some bytes."""
    return data.decode("utf-8", "surrogateescape")


def write_value(target: Value, value: object) -> None:
    """Put a Python value into a Value.

    Raises TypeError for what it cannot hold, UnicodeEncodeError as `as_bytes` does, and
    RecursionError for values in values without end.
    """
    if isinstance(value, str):
        target.string_value = as_bytes(value)
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, Mapping):
        target.struct_value.SetInParent()  # an empty one is there too
        write_struct(target.struct_value, value)
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        target.list_value.SetInParent()
        write_list(target.list_value, value)
    else:
        raise TypeError(f"Kong cannot be sent a value of type {type(value).__name__}")


def write_list(target: ListValue, values: Sequence[object]) -> None:
    """Put values into a ListValue. Raises what `write_value` raises."""
    for value in values:
        write_value(target.values.add(), value)


def write_struct(target: Struct, values: Mapping[str, object]) -> None:
    """Put a table, such as headers, into a Struct. Raises what `write_value` raises."""
    fields = target.fields
    try:
        for name, value in values.items():
            write_value(fields[name], value)
    except UnicodeEncodeError:  # a name that is no UTF-8, which a map does not take
        target.ParseFromString(_make_pairs(values).SerializeToString())


def _make_pairs(values: Mapping[str, object]) -> Pairs:
    pairs = Pairs()
    for name, value in values.items():
        pair = pairs.fields.add()
        pair.k = as_bytes(name)
        write_value(pair.v, value)
    return pairs


def read_value(value: Value) -> Any:
    """A Value as a Python value; None for null, and without content, as Kong sends nil and false.

    A header that came more than once is a list.
    """
    text = value.string_value
    if text:  # nearly always; to ask for the kind costs as much again
        return as_text(text)
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        return [read_value(item) for item in value.list_value.values]
    if kind == "struct_value":
        return read_struct(value.struct_value)
    if kind == "string_value":
        return ""
    return None if kind in (None, "null_value") else getattr(value, kind)


def read_struct(struct: Struct) -> dict[str, Any]:
    """A table, such as headers, as a dict, in no certain order."""
    fields = struct.fields
    try:
        return {name: read_value(fields[name]) for name in fields}
    except UnicodeDecodeError:  # a name that is no UTF-8 cannot be looked up
        pairs = Pairs.FromString(struct.SerializeToString())
        return {as_text(pair.k): read_value(pair.v) for pair in pairs.fields}
