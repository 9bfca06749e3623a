"""From the bytes of a body to a JSON object that Postgres can store: pure.

Settled here, before any field is looked at: the text is UTF-8 and a JSON object within
limits that bound the work for it; what Postgres cannot store (U+0000, lone surrogates) is
replaced by U+FFFD; and a number that a field may be keeps the digits it was written with,
so that money never passes through a float.
"""

from __future__ import annotations

import json
import re
import sys
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from collector.errors import BodyTooLarge, EventTooLarge, FieldError, InvalidEvent, InvalidJson

# To read and write an integer takes time that grows with the square of its digits. This is
# the least that Python allows (640), and enough for any number.
sys.set_int_max_str_digits(sys.int_info.str_digits_check_threshold)


BYTES_OF_VALUE = 2  # the least that a value takes: itself and a comma, or two brackets
USUAL_DEPTH = 4  # objects and lists within each other, of nearly every event
SCALAR = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one event may hold; more takes time that all others would wait for.

    Real events have three or four levels, and some dozen values.
    """

    max_bytes: int = 262_144
    max_depth: int = 20  # objects and lists within each other
    max_keys: int = 100  # of one object
    max_values: int = 2_000  # texts, numbers, objects, lists and so on, altogether
    small_bytes: int = field(init=False)  # what is no larger is within the limits of its size
    # Reads an object that is within the limits of depth and keys; raises one of UNREAD for others.
    load_usual: Callable[[bytes], dict[str, Any]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        small = min(self.max_bytes, BYTES_OF_VALUE * self.max_values)
        object.__setattr__(self, "small_bytes", small)
        usual = usual_type(min(self.max_depth, USUAL_DEPTH), self.max_keys)
        object.__setattr__(self, "load_usual", msgspec.json.Decoder(usual).decode)


def usual_type(levels: int, keys: int) -> Any:
    """An object of so many keys at most, with so many levels at most, itself counted."""
    value: Any = SCALAR
    for _ in range(levels - 1):
        value = SCALAR | list[value] | Annotated[dict[str, value], msgspec.Meta(max_length=keys)]
    return Annotated[dict[str, value], msgspec.Meta(max_length=keys)]


LIMITS = Limits()
OBJECTS_OF_TEXTS = ("utm_params", "click_ids", "user_data")
CONTAINERS = (dict, list)  # made once: `dict | list` is made anew each time it is run

# zlib's code for a gzip header and trailer around the data.
GZIP_WINDOW = 31

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# UTF-8 has no lone surrogates and JSON no raw control characters, so that
# both can only come from an escape: without one, nothing needs to be cleaned.
BACKSLASH, BRACKET = b"\\["  # to look for a byte is three times as fast as for bytes
UNSTORABLE_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class RawBatch(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The body of a batch as it mostly is; its events stay as they were sent."""

    events: list[msgspec.Raw]


class WireNumber(float):
    """A JSON number with a fraction or an exponent that remembers its digits."""

    __slots__ = ("digits",)
    digits: str

    def __init__(self, digits: str) -> None:
        self.digits = digits


JSON = msgspec.json.Decoder(float_hook=WireNumber)
PLAIN = msgspec.json.Decoder()  # a number with a fraction is a float: in a tenth of the time
RAW_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
BATCH = msgspec.json.Decoder(RawBatch)
RAW_EVENTS = msgspec.json.Decoder(list[msgspec.Raw])

# What msgspec raises: ValueError is also that of our hook, RecursionError of JSON too deep.
UNREAD = (msgspec.MsgspecError, ValueError, RecursionError)


def read_object(body: bytes, limits: Limits = LIMITS) -> dict[str, Any]:
    """A body as a JSON object, clean and within the limits, whose numbers remember their digits.

    Raises InvalidJson where it is none, EventTooLarge or InvalidEvent where it holds too much.
    NaN and Infinity, which many encoders write, come out as floats: the fields
    refuse them by name.
    """
    check_size(body, limits)
    return settle(object_of(load_json(body)), limits)


def load_usual(sent: bytes, limits: Limits) -> dict[str, Any] | None:
    """The JSON object of what was sent; None where it is to be looked at more closely.

    It is plain (load_value), and within the limits: msgspec counts keys and levels while it reads,
    which takes it no longer; to look at each value afterwards takes half as long as to read it.
    Raises EventTooLarge and InvalidEvent as check_size does.
    """
    check_size(sent, limits)
    try:
        return limits.load_usual(sent)
    except UNREAD:
        return None


def load_value(sent: bytes) -> tuple[Any, bool]:
    """The JSON value of what was sent, of which nothing but its size is settled yet.

    And whether it is plain: JSON by the strict standard, whose numbers with a fraction are finite
    floats, without their digits. Raises InvalidJson, and InvalidEvent where it is nested too deep
    to be read at all.
    """
    try:
        return PLAIN.decode(sent), True
    except UNREAD:
        return load_json_slowly(decode_text(sent)), False


def object_of(value: Any) -> dict[str, Any]:
    """The same value. Raises InvalidJson where it is no JSON object."""
    if not isinstance(value, dict):
        raise InvalidJson("The body must be a JSON object.")
    return value


def with_digits(value: dict[str, Any], sent: bytes, fields: Collection[str]) -> dict[str, Any]:
    """A plain object read from `sent`, where numbers with a fraction remember their digits.

    Those of these fields, and in its objects of texts: in form_data and metadata nobody
    asks for digits, and to keep them takes time.
    """
    names = [name for name, item in value.items() if type(item) is float and name in fields]
    for name in OBJECTS_OF_TEXTS:
        item = value.get(name)
        if type(item) is dict and float in map(type, item.values()):
            names.append(name)
    raw = RAW_FIELDS.decode(sent)
    return {**value, **{name: JSON.decode(raw[name]) for name in names}}


def check_size(sent: bytes, limits: Limits) -> None:
    """Raises EventTooLarge and InvalidEvent where reading an event would take too long."""
    if len(sent) <= limits.small_bytes:  # nearly always
        return
    if len(sent) > limits.max_bytes:
        message = f"is {len(sent)} bytes long; at most {limits.max_bytes} are allowed"
        raise EventTooLarge("The event is too large.", (FieldError("body", message),))
    if has_more_values(sent, limits.max_values):
        if opens_deep(sent, limits.max_depth):
            raise too_deep(limits.max_depth)
        raise no_event(f"holds more than {limits.max_values} values")


def has_more_values(sent: bytes, values: int) -> bool:
    """Whether JSON holds more than so many values, keys not counted. It reads none of them."""
    if len(sent) <= BYTES_OF_VALUE * values or separators(sent) < values:
        return False
    bare = sent.replace(b"\\\\", b"").replace(b'\\"', b"")  # escapes stand in texts alone
    if bare.count(b'"') > 4 * values:  # each value has a text and a key at most
        return True
    return separators(b"".join(bare.split(b'"')[::2])) >= values


def opens_deep(sent: bytes, levels: int) -> bool:
    """Whether lists open in a row, deeper than that."""
    return b"[" * (levels + 1) in sent


def separators(sent: bytes) -> int:
    """How many commas and opening brackets: one before each value but the outermost."""
    lists = sent.count(b"[") if sent.find(b"[", sent.find(b"[") + 1) >= 0 else BRACKET in sent
    objects = len(sent) - len(sent.replace(b"{", b""))  # twice as fast as to count what is rare
    return sent.count(b",") + lists + objects


def settle(value: dict[str, Any], limits: Limits = LIMITS) -> dict[str, Any]:
    """An object, storable. Raises InvalidEvent where it is too deep, or has too many keys."""
    check_shape(value, limits)
    return clean_object(value)


def check_shape(value: dict[str, Any], limits: Limits) -> None:
    """Raises InvalidEvent where it is nested too deep, or an object in it has too many keys."""
    if is_within(value, limits.max_depth, limits.max_keys):  # one look at each
        return
    if is_deeper(value, limits.max_depth):
        raise too_deep(limits.max_depth)
    raise no_event(f"an object has more than {limits.max_keys} keys")


def has_unstorable(body: bytes) -> bool:
    """Whether a body may hold what Postgres cannot store."""
    return BACKSLASH in body and UNSTORABLE_ESCAPE.search(body) is not None


def split_batch(body: bytes) -> dict[str, Any] | None:
    """A batch's fields, its events as they were sent; None where the whole must be read for that.

    That is where it is no JSON by the strict standard.
    """
    try:
        if not body.isascii():
            decode_text(body)  # msgspec does not look at what stays raw
        fields = split_fields(body)
        if "events" in fields:
            fields["events"] = [bytes(event) for event in fields["events"]]
    except (*UNREAD, InvalidJson):
        return None
    return fields


def split_fields(body: bytes) -> dict[str, Any]:
    """The same, raw. Raises one of UNREAD."""
    try:
        return {"events": BATCH.decode(body).events}  # nearly always: in one go
    except msgspec.ValidationError:  # it has other fields
        fields: dict[str, Any] = RAW_FIELDS.decode(body)
        if "events" in fields:
            fields["events"] = RAW_EVENTS.decode(fields["events"])
        return fields


def decode_text(body: bytes) -> str:
    """The body as text, without a byte order mark (RFC 8259, section 8.1).

    Raises InvalidJson where it is empty or not UTF-8.
    """
    if not body:
        raise InvalidJson("The body is empty; a JSON object is expected.")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidJson(f"The body is not UTF-8: {error.reason} at byte {error.start}.") from None


def load_json(sent: bytes | str) -> Any:
    """The JSON value of a body or a text; see read_object for what is raised.

    msgspec reads in half the time of json, and the same where it reads at all; json takes
    NaN and lone surrogates too, and says where a text is broken.
    """
    try:
        return JSON.decode(sent)
    except UNREAD:
        return load_json_slowly(sent if isinstance(sent, str) else decode_text(sent))


def load_json_slowly(text: str) -> Any:
    """The same by Python's json. Raises InvalidJson, and InvalidEvent where it nests too deep."""
    try:
        return json.loads(text, parse_float=WireNumber)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidJson(f"The body is not JSON: {error.msg} at {where}.") from None
    except RecursionError:
        raise too_deep(LIMITS.max_depth) from None
    except ValueError:
        # Python limits the digits of an integer (4,300), since converting them is quadratic.
        raise InvalidJson("The body is not JSON: an integer has too many digits.") from None


def too_deep(levels: int) -> InvalidEvent:
    """The refusal of a body whose nesting is an attack or a mistake."""
    return no_event(f"objects and lists are nested more than {levels} deep")


def no_event(message: str) -> InvalidEvent:
    """The refusal of what is no event at all."""
    return InvalidEvent("The event breaks the contract.", (FieldError("body", message),))


def is_within(value: Any, levels: int, keys: int) -> bool:
    """Whether no more than so many levels stand within each other, and no object has more keys.

    The value is an object or a list.
    """
    if levels == 0:
        return False
    if type(value) is dict:
        if len(value) > keys:
            return False
        value = value.values()
    for item in value:
        kind = type(item)
        if kind is str or kind is int:  # what most of it is
            continue
        if (kind is dict or kind is list) and not is_within(item, levels - 1, keys):
            return False
    return True


def is_deeper(value: dict[str, Any] | list[Any], levels: int) -> bool:
    """Whether objects and lists stand within each other more than so many levels deep."""
    if levels == 0:
        return True
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, CONTAINERS) and is_deeper(item, levels - 1):
            return True
    return False


def clean_object(value: dict[str, Any]) -> dict[str, Any]:
    """The object with every text in it, keys too, cleaned."""
    return {clean_text(key): clean_value(item) for key, item in value.items()}


def clean_value(value: Any) -> Any:
    """The value with every text in it cleaned. Its depth is bounded."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return clean_object(value)
    if isinstance(value, list):
        return [clean_value(item) for item in value]
    return value


def clean_text(text: str) -> str:
    """The text with U+FFFD for what Postgres cannot store: U+0000 and lone surrogates."""
    if text.isascii() and "\0" not in text:  # nearly always, and sooner known than replaced
        return text
    return UNSTORABLE.sub("\ufffd", text)


def gunzip(body: bytes, max_bytes: int) -> bytes:
    """A gzip body, unpacked, never holding more than `max_bytes` and one.

    Raises BodyTooLarge past the limit, InvalidJson where it is not whole gzip.
    """
    unpacker = zlib.decompressobj(GZIP_WINDOW)
    try:
        content = unpacker.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise InvalidJson(f"The body is not gzip: {error}.") from None
    if len(content) > max_bytes:
        raise BodyTooLarge(f"The body is over {max_bytes} bytes after gunzip.")
    if not unpacker.eof or unpacker.unused_data:
        raise InvalidJson("The body is not one whole gzip stream.")
    return content
