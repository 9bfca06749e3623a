"""From what was sent to checked requests; what is found in them is counted."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from collector.contract.fields import event_id_of
from collector.contract.models import (
    MAX_BATCH_EVENTS,
    MAX_BATCH_VALUES,
    MAX_LOOSE_BATCH_VALUES,
    ConversionEventRequest,
    R,
)
from collector.contract.reader import EVENTS, Reader
from collector.contract.wire import (
    LIMITS,
    Limits,
    decode_text,
    has_more_values,
    load_fields,
    load_json_slowly,
    load_object,
    no_event,
    opens_deep,
    read_object,
    settle,
    split_batch,
    too_deep,
)
from collector.errors import (
    BatchTooLarge,
    CollectorError,
    FieldError,
    InvalidBatch,
    InvalidEvent,
    InvalidJson,
)
from collector.event import RequestContext
from collector.metrics import Metrics

# What is wrong with the events themselves; a body that is too large is its sender's affair.
REJECTED = (InvalidJson, InvalidEvent, InvalidBatch)

Reject = Callable[[CollectorError, bytes, RequestContext], None]

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of a batch, none of which was looked at yet.

    Each in the bytes that were sent; as a JSON value where the body had to be read as a whole.
    """

    events: Sequence[object]
    unknown: int  # fields beside the events


def read_request(reader: Reader[R], body: bytes, limits: Limits = LIMITS) -> R:
    """A body as a request.

    Raises InvalidJson where it is no JSON object, InvalidEvent where it breaks the contract,
    or holds more than the limits.
    """
    return reader.read(read_object(body, limits))


def read_query(fields: dict[str, Any]) -> ConversionEventRequest:
    """The fields that a query held as a request. Raises InvalidEvent."""
    return EVENTS.read(settle(fields))


def read_batch(body: bytes) -> Batch:
    """A body as a list of events.

    Raises InvalidJson, InvalidBatch, BatchTooLarge, and InvalidEvent where it nests too deep.
    """
    body = body.removeprefix(BOM_UTF8)
    refuse_more_values(body, MAX_BATCH_VALUES)
    whole = split_batch(body)
    if whole is None:
        refuse_more_values(body, MAX_LOOSE_BATCH_VALUES)
        whole = load_whole(body)
    events = whole.get("events")
    if not isinstance(events, list) or not events:
        message = "must be a list of at least one event"
        raise InvalidBatch("The body is no batch.", (FieldError("events", message),))
    if len(events) > MAX_BATCH_EVENTS:
        message = f"holds {len(events)} events; at most {MAX_BATCH_EVENTS} are allowed"
        raise BatchTooLarge("The batch is too large.", (FieldError("events", message),))
    return Batch(events, len(whole) - 1)


def refuse_more_values(body: bytes, values: int) -> None:
    """Raises BatchTooLarge where reading the events would take too long."""
    if has_more_values(body, values):
        if opens_deep(body, LIMITS.max_depth):
            raise too_deep(LIMITS.max_depth)
        message = f"hold more than {values} values; send them as several batches"
        raise BatchTooLarge("The batch is too large.", (FieldError("events", message),))


def load_whole(body: bytes) -> dict[str, Any]:
    """A body as a JSON object, whatever its size. Raises InvalidJson."""
    value = load_json_slowly(decode_text(body))
    if not isinstance(value, dict):
        raise InvalidJson("The body must be a JSON object.")
    return value


def read_event(event: object, limits: Limits = LIMITS) -> ConversionEventRequest:
    """One of a batch's events as a request. Raises InvalidEvent where it breaks the contract."""
    return EVENTS.read(read_fields(event, limits))


def read_fields(event: object, limits: Limits = LIMITS) -> dict[str, Any]:
    """One of a batch's events as a storable object.

    Raises InvalidEvent where it is none, or holds more than the limits.
    """
    sent = event if isinstance(event, bytes) else None
    try:
        value = event if sent is None else load_fields(sent, limits)
    except InvalidJson as error:
        raise no_event(error.message) from None
    if not isinstance(value, dict):
        raise no_event("must be a JSON object")
    return settle(value, sent, limits)


def sent_event_id(event: object) -> UUID | None:
    """The id that an event was sent with, if it is one, however broken the rest is."""
    try:
        fields: Any = load_object(event) if isinstance(event, bytes) else event
        return event_id_of(fields["event_id"])
    except (InvalidJson, InvalidEvent, KeyError, TypeError):
        return None


class Validator:
    """Reads requests, and counts what it finds in them.

    `reject` is told of each event that breaks the contract: why, what was sent, and by whom.
    """

    def __init__(self, metrics: Metrics, reject: Reject, limits: Limits = LIMITS) -> None:
        self._metrics = metrics
        self._reject = reject
        self._limits = limits

    def validate_body(self, reader: Reader[R], body: bytes, context: RequestContext) -> R:
        """A body as a request.

        Raises InvalidJson where it is no JSON object, InvalidEvent where it breaks the contract.
        """
        read = partial(read_request, reader, limits=self._limits)
        return self._count(self._read(read, body, context))

    def validate_query(
        self, fields: dict[str, Any], context: RequestContext
    ) -> ConversionEventRequest:
        """The fields that a query held as a request. Raises InvalidEvent."""
        return self._count(self._read(read_query, fields, context))

    def validate_batch(self, body: bytes, context: RequestContext) -> Batch:
        """A body as a list of events.

        Raises InvalidJson, InvalidBatch, and BatchTooLarge, which is no event's fault.
        """
        batch = self._read(read_batch, body, context)
        self._metrics.unknown_fields.inc(batch.unknown)
        return batch

    def validate_event(self, event: object, context: RequestContext) -> ConversionEventRequest:
        """One of a batch's events as a request. Raises InvalidEvent."""
        return self._count(self._read(partial(read_event, limits=self._limits), event, context))

    def _read(self, read: Callable[[S], T], sent: S, context: RequestContext) -> T:
        try:
            return read(sent)
        except REJECTED as error:
            self._reject(error, sent if isinstance(sent, bytes) else dump_body(sent), context)
            raise

    def _count(self, request: R) -> R:
        if request.unknown:
            self._metrics.unknown_fields.inc(request.unknown)
        if request.cut:
            self._metrics.truncated_fields.inc(len(request.cut))
        return request


def dump_body(fields: object) -> bytes:
    """What was sent as JSON again; escapes keep a lone surrogate as it was."""
    return json.dumps(fields).encode()
