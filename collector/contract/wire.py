"""From the bytes of a body to a JSON object that Postgres can store: pure.

Three things are settled here, before any field is looked at: the text is UTF-8
and a JSON object; what Postgres cannot store (U+0000, lone surrogates) is
replaced by U+FFFD; and a number with a fraction keeps the digits it was written
with, so that money never passes through a float.
"""

from __future__ import annotations

import json
import re
import zlib
from typing import Any

import msgspec

from collector.errors import BodyTooLarge, FieldError, InvalidEvent, InvalidJson

# Objects and lists within each other. Real events have three or four levels.
MAX_DEPTH = 32
CONTAINERS = (dict, list)  # made once: `dict | list` is made anew each time it is run

# zlib's code for a gzip header and trailer around the data.
GZIP_WINDOW = 31

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# UTF-8 has no lone surrogates and JSON no raw control characters, so that
# both can only come from an escape: without one, nothing needs to be cleaned.
BACKSLASH, BRACKET = b"\\["  # to look for a byte is three times as fast as for bytes
UNSTORABLE_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class WireNumber(float):
    """A JSON number with a fraction or an exponent that remembers its digits."""

    __slots__ = ("digits",)
    digits: str

    def __new__(cls, digits: str) -> WireNumber:
        number = super().__new__(cls, digits)
        number.digits = digits
        return number


class RawBatch(msgspec.Struct, forbid_unknown_fields=True):
    """A batch whose events stay in the bytes that they were sent in."""

    events: list[msgspec.Raw]


JSON = msgspec.json.Decoder(float_hook=WireNumber)
RAW_BATCH = msgspec.json.Decoder(RawBatch)

# What msgspec raises: ValueError is also that of our hook, RecursionError of JSON too deep.
UNREAD = (msgspec.MsgspecError, ValueError, RecursionError)


def read_object(body: bytes) -> dict[str, Any]:
    """A body as a JSON object, clean and of bounded depth.

    Raises InvalidJson where it is none, InvalidEvent where it is nested too deep.
    NaN and Infinity, which many encoders write, come out as floats: the fields
    refuse them by name.
    """
    return settle(load_object(body), body)


def load_object(body: bytes) -> dict[str, Any]:
    """A body as a JSON object of which nothing is settled yet.

    Raises InvalidJson, and InvalidEvent where it is nested too deep to be read at all.
    """
    value = load_json(body)
    if not isinstance(value, dict):
        raise InvalidJson("The body must be a JSON object.")
    return value


def settle(value: dict[str, Any], sent: bytes | None = None) -> dict[str, Any]:
    """An object, storable. Raises InvalidEvent where it is nested too deep.

    Where it was read from bytes, they mostly say at once that there is nothing to do.
    """
    if (sent is None or opens_many(sent)) and is_deeper(value, MAX_DEPTH):
        raise too_deep()
    return clean_object(value) if sent is None or has_unstorable(sent) else value


def opens_many(body: bytes) -> bool:
    """Whether a body has as many objects and lists as would be too deep within each other."""
    return body.count(b"{") + (body.count(b"[") if BRACKET in body else 0) > MAX_DEPTH


def has_unstorable(body: bytes) -> bool:
    """Whether a body may hold what Postgres cannot store."""
    return BACKSLASH in body and UNSTORABLE_ESCAPE.search(body) is not None


def split_batch(body: bytes) -> list[bytes] | None:
    """The events of a batch as they were sent; None where the whole must be read for that.

    That is where it has other fields, or is no JSON by the strict standard.
    """
    try:
        decode_text(body)  # msgspec does not look at what stays raw
        events = RAW_BATCH.decode(body).events
    except (*UNREAD, InvalidJson):
        return None
    return [bytes(event) for event in events]


def decode_text(body: bytes) -> str:
    """The body as text. Raises InvalidJson where it is empty or not UTF-8."""
    if not body:
        raise InvalidJson("The body is empty; a JSON object is expected.")
    try:
        return body.decode("utf-8")
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
        raise too_deep() from None
    except ValueError:
        # Python limits the digits of an integer (4,300), since converting them is quadratic.
        raise InvalidJson("The body is not JSON: an integer has too many digits.") from None


def too_deep() -> InvalidEvent:
    """The refusal of a body whose nesting is an attack or a mistake."""
    return no_event(f"objects and lists are nested more than {MAX_DEPTH} deep")


def no_event(message: str) -> InvalidEvent:
    """The refusal of what is no event at all."""
    return InvalidEvent("The event breaks the contract.", (FieldError("body", message),))


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
    """The value with every text in it cleaned. Recursion is bounded by MAX_DEPTH."""
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
