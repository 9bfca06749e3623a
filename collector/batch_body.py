"""From the body of a batch to its events: pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from msgspec import MsgspecError, Raw, Struct
from msgspec.json import Decoder

from collector.errors import BatchTooLarge, FieldError, InvalidBatch, InvalidEvent, InvalidJson
from collector.fields import Fault, parse_event_id
from collector.payload import TrackPayload, parse_payload
from collector.plain_payload import read_plain
from collector.wire import has_unstorable, parse_object, read_object

MAX_BATCH_EVENTS = 500


class PlainBatch(Struct, forbid_unknown_fields=True):
    """The body of a batch as it mostly is; its events stay as they were sent."""

    events: list[Raw]


PLAIN_BATCH = Decoder(PlainBatch)


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of a batch, none of which was looked at yet.

    Each as it was sent; as a JSON value where the body had to be read as a whole.
    """

    events: Sequence[object]
    unknown: int  # fields beside the events
    settle: Callable[[dict[str, Any]], dict[str, Any]]  # makes a JSON value storable


def read_batch(body: bytes) -> Batch:
    """A body as a list of events. Raises InvalidJson, InvalidBatch and BatchTooLarge."""
    batch = read_plain_batch(body) or read_whole_batch(body)
    if len(batch.events) > MAX_BATCH_EVENTS:
        message = f"holds {len(batch.events)} events; at most {MAX_BATCH_EVENTS} are allowed"
        raise BatchTooLarge("The batch is too large.", (FieldError("events", message),))
    return batch


def read_plain_batch(body: bytes) -> Batch | None:
    """The same without a look at the events, or None where the body is no plain batch."""
    if has_unstorable(body):
        return None
    try:
        events = PLAIN_BATCH.decode(body).events
    except (MsgspecError, ValueError):  # the latter: not UTF-8
        return None
    return Batch([bytes(event) for event in events], 0, dict) if events else None


def read_whole_batch(body: bytes) -> Batch:
    """The same for every other body. Raises InvalidJson and InvalidBatch."""
    whole = read_object(body)
    events = whole.value.get("events")
    if not isinstance(events, list) or not events:
        message = "must be a list of at least one event"
        raise InvalidBatch("The body is no batch.", (FieldError("events", message),))
    return Batch(events, len(whole.value) - 1, whole.settle)


def read_event(batch: Batch, event: object) -> TrackPayload:
    """One of the events as a payload. Raises InvalidEvent where it breaks the contract."""
    if isinstance(event, dict):
        return parse_payload(TrackPayload, batch.settle(event))
    if isinstance(event, bytes):
        payload = read_plain(TrackPayload, event)
        with suppress(InvalidJson):
            return payload or parse_payload(TrackPayload, parse_object(event))
    fault = FieldError("body", "must be a JSON object")
    raise InvalidEvent("The event breaks the contract.", (fault,))


def sent_event_id(event: object) -> UUID | None:
    """The id that an event was sent with, if it is one, however broken the rest is."""
    try:
        fields: Any = read_object(event).value if isinstance(event, bytes) else event
        return parse_event_id(fields["event_id"], "event_id", [])
    except (InvalidJson, InvalidEvent, Fault, KeyError, TypeError):
        return None
