"""A rejected body without who the customer is: that is for ad platforms alone. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from collector.contract.wire import RAW_EVENTS, RAW_FIELDS, UNREAD

FIELD = "user_data"
# Where a name may stand: as it is, or with escapes.
TRACES = (FIELD.encode(), b"\\u")
# In what is no JSON, such as a body that ends too soon: the field and its value, of which nobody
# needs to nest more than one object or list in another.
TEXT = r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)'
INNER = rf"[{{\[](?:{TEXT}|[^{{}}\[\]\"])*+[}}\]]?"
WRITTEN = re.compile(
    rf'("user_data"\s*:\s*)'
    rf'(?:{TEXT}|[{{\[](?:{TEXT}|{INNER}|[^{{}}\[\]"])*+[}}\]]?|[^\s,{{}}\[\]"]+)'.encode(),
    re.DOTALL,
)
NOTHING = rb"\1null"


def without_user_data(body: bytes) -> bytes:
    """A body without the field in it, or in the events of its batch; all else stays as it is.

    In a body that is no JSON, its value becomes null where it can be found.
    """
    if not any(trace in body for trace in TRACES):
        return body
    try:
        return without_raw(body)
    except UNREAD:  # no JSON by the strict standard
        return without_written(body)


def without_raw(body: bytes) -> bytes:
    """The same, every other value with the bytes that were sent. Raises one of UNREAD."""
    fields: dict[str, Any] = RAW_FIELDS.decode(body)
    found = fields.pop(FIELD, None) is not None
    if (events := events_of(fields)) is not None:
        kept = [without_user_data(bytes(event)) for event in events]
        found = found or kept != [bytes(event) for event in events]
        fields["events"] = [msgspec.Raw(event) for event in kept]
    return msgspec.json.encode(fields) if found else body


def events_of(fields: dict[str, Any]) -> list[msgspec.Raw] | None:
    """The events of a batch, if the body is one."""
    try:
        return RAW_EVENTS.decode(fields["events"]) if "events" in fields else None
    except UNREAD:
        return None


def without_written(body: bytes) -> bytes:
    """The same of what only Python's json reads, or nothing does."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return WRITTEN.sub(NOTHING, body)
    if not isinstance(value, dict):
        return WRITTEN.sub(NOTHING, body)
    events = value.get("events")
    found = [v for v in (value, *(events if isinstance(events, list) else ())) if has_field(v)]
    for each in found:
        del each[FIELD]
    return json.dumps(value).encode() if found else body


def has_field(value: object) -> bool:
    """Whether it is an object with the field."""
    return isinstance(value, dict) and FIELD in value
