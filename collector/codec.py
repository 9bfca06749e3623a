"""An event as bytes on disk, and back: pure.

The bytes are JSON: `{"version": 1, "event": {field: value}}`, without the fields that
are None. A spool outlives the collector that wrote it, so within a version fields are
only added. A collector reads what an older one wrote, with the empty value for a field
that did not exist then, and leaves out a field of a newer one, for which its table has
no column either.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from msgspec.structs import fields

from collector.event import Event, FunnelStage, SourceType
from collector.event_row import EventRow, make_row

VERSION = 1

# How a field's JSON becomes a value of its type; types that are not named are JSON's own.
READERS: dict[Any, Callable[[Any], Any]] = {
    UUID: UUID,
    Decimal: Decimal,
    datetime: datetime.fromisoformat,
    FunnelStage: FunnelStage,
    SourceType: SourceType,
    tuple: tuple,
}

# What a field is where an older collector did not know it. A text or a time has no
# such value: where a new field of these types is added, it must be allowed to be None, which
# comes first.
EMPTY = {NoneType: None, bool: False, tuple: ()}


class UnreadableEvent(Exception):
    """The bytes are no event that this collector can read. The message has no values."""


class NewerEvent(UnreadableEvent):
    """The bytes are of a version that a newer collector writes, and can be read by one."""


def encode_row(row: EventRow) -> bytes:
    """The row as bytes; decode_row gives an equal one back."""
    return b'{"version":%d,"event":%b}' % (VERSION, row.json)


def decode_row(data: bytes) -> EventRow:
    """The row of these bytes.

    Raises UnreadableEvent as decode_event does, and for every error that is not known: one
    event must not hold up those behind it.
    """
    try:
        return make_row(decode_event(data))
    except UnreadableEvent:
        raise
    # Known: a lone surrogate, which UTF-8 has not (ValueError), and lists in lists that Python's
    # stack does not hold (RecursionError).
    except Exception as error:  # noqa: BLE001
        raise UnreadableEvent(f"not a row: {type(error).__name__}") from None


def decode_event(data: bytes) -> Event:
    """The event of these bytes.

    Raises UnreadableEvent where they are none, and NewerEvent where they are of a version that
    is not known here yet.
    """
    try:
        content = json.loads(data)
        version, values = content["version"], content["event"]
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableEvent(f"not an event: {type(error).__name__}") from None
    if type(version) is int and version > VERSION:
        raise NewerEvent(f"version {version!r:.20} is not known")
    if version != VERSION or not isinstance(values, dict):
        raise UnreadableEvent(f"version {version!r:.20} is not known")
    return Event(**{name: read_field(name, values.get(name)) for name in FIELDS})


def read_field(name: str, value: Any) -> Any:
    """A field's value from its JSON. Raises UnreadableEvent with its name."""
    kinds = FIELDS[name]
    if value is None:
        kind = next((k for k in EMPTY if k in kinds), None)
        if kind is None:
            raise UnreadableEvent(f"{name} is missing")
        return EMPTY[kind]
    try:
        return next((READERS[k](value) for k in kinds if k in READERS), value)
    except (ValueError, ArithmeticError, TypeError, AttributeError) as error:
        raise UnreadableEvent(f"{name} cannot be read: {type(error).__name__}") from None


def kinds_of(hint: Any) -> tuple[Any, ...]:
    """The plain types that a field may have: `UUID | None` is UUID and NoneType."""
    members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return tuple(get_origin(member) or member for member in members)


HINTS = get_type_hints(Event)
FIELDS = {field.name: kinds_of(HINTS[field.name]) for field in fields(Event)}
