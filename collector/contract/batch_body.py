"""From the body of a batch to its events: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from msgspec import Raw, Struct
from msgspec.json import Decoder

from collector.contract.fields import Fault, parse_event_id
from collector.contract.payload import TrackPayload, parse_payload
from collector.contract.plain_payload import NOT_PLAIN, is_plain, read_plain
from collector.contract.wire import JsonBody, no_event, read_json, read_object
from collector.errors import BatchTooLarge, FieldError, InvalidBatch, InvalidEvent, InvalidJson

MAX_BATCH_EVENTS = 500


class PlainBatch(Struct, forbid_unknown_fields=True):
    """The body of a batch as it mostly is; its events stay as they were sent."""

    events: list[Raw]


PLAIN_BATCH = Decoder(PlainBatch)


NO_BODY = JsonBody(None, nested=False, escaped=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of a batch, none of which was looked at yet.

    Each in the bytes that were sent; as a JSON value where the body had to be read as a whole.
    """

    events: Sequence[object]
    unknown: int  # fields beside the events
    whole: JsonBody = NO_BODY  # that the JSON values are from


def read_batch(body: bytes) -> Batch:
    """A body as a list of events. Raises InvalidJson, InvalidBatch and BatchTooLarge."""
    return read_plain_batch(body) or read_whole_batch(body)


def read_plain_batch(body: bytes) -> Batch | None:
    """The same without a look at the events, or None where the body is no plain batch."""
    if not is_plain(body):
        return None
    try:
        events = PLAIN_BATCH.decode(body).events
    except NOT_PLAIN:
        return None
    if not events:
        return None
    refuse_too_many(events)  # before they are copied
    return Batch([bytes(event) for event in events], 0)


def read_whole_batch(body: bytes) -> Batch:
    """The same for every other body. Raises InvalidJson, InvalidBatch and BatchTooLarge."""
    whole = read_object(body)
    events = whole.value.get("events")
    if not isinstance(events, list) or not events:
        message = "must be a list of at least one event"
        raise InvalidBatch("The body is no batch.", (FieldError("events", message),))
    refuse_too_many(events)
    return Batch(events, len(whole.value) - 1, whole)


def refuse_too_many(events: Sequence[object]) -> None:
    """Raises BatchTooLarge past the limit."""
    if len(events) > MAX_BATCH_EVENTS:
        message = f"holds {len(events)} events; at most {MAX_BATCH_EVENTS} are allowed"
        raise BatchTooLarge("The batch is too large.", (FieldError("events", message),))


def read_event(batch: Batch, event: object) -> TrackPayload:
    """One of the events as a payload. Raises InvalidEvent where it breaks the contract."""
    plain = read_plain(TrackPayload, event) if isinstance(event, bytes) else None
    return plain or parse_payload(TrackPayload, read_fields(batch, event))


def read_fields(batch: Batch, event: object) -> dict[str, Any]:
    """One of the events as a JSON object. Raises InvalidEvent where it is none, or too deep."""
    try:
        body = read_json(event) if isinstance(event, bytes) else batch.whole
    except InvalidJson as error:
        raise no_event(error.message) from None
    value = body.value if isinstance(event, bytes) else event
    if not isinstance(value, dict):
        raise no_event("must be a JSON object")
    return body.settle(value)


def sent_event_id(event: object) -> UUID | None:
    """The id that an event was sent with, if it is one, however broken the rest is."""
    try:
        fields: Any = read_object(event).value if isinstance(event, bytes) else event
        return parse_event_id(fields["event_id"], "event_id", [])
    except (InvalidJson, InvalidEvent, Fault, KeyError, TypeError):
        return None
