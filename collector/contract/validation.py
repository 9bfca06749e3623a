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
from collector.contract.forms import DigitsNeeded
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
    check_shape,
    check_size,
    clean_object,
    decode_text,
    has_more_values,
    has_unstorable,
    load_json,
    load_json_slowly,
    load_usual,
    load_value,
    no_event,
    object_of,
    opens_deep,
    settle,
    split_batch,
    too_deep,
    with_digits,
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

AMOUNT = "conversion_value"

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
    usual = load_usual(body, limits)
    if usual is not None:
        return read_plain(reader, usual, body)
    value, plain = load_value(body)
    return read_closely(reader, object_of(value), body if plain else None, limits)


def read_closely(
    reader: Reader[R], value: dict[str, Any], plain: bytes | None, limits: Limits
) -> R:
    """A JSON object as a request, once its shape is looked at; `plain` is what it is read from.

    Raises InvalidEvent where it breaks the contract, or holds more than the limits.
    """
    check_shape(value, limits)
    if plain is None:
        return reader.read(clean_object(value))
    return read_plain(reader, value, plain)


def read_plain(reader: Reader[R], value: dict[str, Any], sent: bytes) -> R:
    """A plain JSON object within the limits, read from `sent`, as a request.

    Its numbers get their digits where a field needs them. Raises InvalidEvent where it breaks
    the contract.
    """
    unstorable = has_unstorable(sent)
    if unstorable:
        value = clean_object(value)
    if type(value.get(AMOUNT)) is not float:  # the one field that mostly is a number of digits
        try:
            return reader.read(value, plain=True)
        except DigitsNeeded:
            pass
    digits = with_digits(value, sent, reader.fields)
    return reader.read(clean_object(digits) if unstorable else digits, plain=True)


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
    return object_of(load_json_slowly(decode_text(body)))


def read_event(event: object, limits: Limits = LIMITS) -> ConversionEventRequest:
    """One of a batch's events as a request.

    Raises InvalidEvent where it breaks the contract, or holds more than the limits.
    """
    if not isinstance(event, bytes):
        return EVENTS.read(settle_loose(fields_of(event), limits))
    usual = load_usual(event, limits)
    if usual is not None:
        return read_plain(EVENTS, usual, event)
    try:
        value, plain = load_value(event)
    except InvalidJson as error:
        raise no_event(error.message) from None
    return read_closely(EVENTS, fields_of(value), event if plain else None, limits)


def settle_loose(value: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """An object that was read with the whole batch, storable. Raises InvalidEvent."""
    check_shape(value, limits)
    check_size(dump_text(value), limits)
    return clean_object(value)


def read_fields(event: object, limits: Limits = LIMITS) -> dict[str, Any]:
    """One of a batch's events as a storable object, whose numbers remember their digits.

    Raises InvalidEvent where it is none, or holds more than the limits.
    """
    if not isinstance(event, bytes):
        return settle_loose(fields_of(event), limits)
    check_size(event, limits)
    try:
        value = load_json(event)
    except InvalidJson as error:
        raise no_event(error.message) from None
    return settle(fields_of(value), limits)


def fields_of(event: object) -> dict[str, Any]:
    """An event, as a JSON value. Raises InvalidEvent where it is no object."""
    if not isinstance(event, dict):
        raise no_event("must be a JSON object")
    return event


def sent_event_id(event: object) -> UUID | None:
    """The id that an event was sent with, if it is one, however broken the rest is."""
    try:
        fields: Any = load_sent(event) if isinstance(event, bytes) else event
        return event_id_of(fields["event_id"])
    except (InvalidJson, InvalidEvent, KeyError, TypeError):
        return None


def load_sent(event: bytes) -> Any:
    """The JSON value of an event. Raises InvalidJson, EventTooLarge and InvalidEvent."""
    check_size(event, LIMITS)
    return load_value(event)[0]


class Validator:
    """Reads requests, and counts what it finds in them.

    `reject` is told of each event that breaks the contract: why, what was sent, and by whom.
    """

    def __init__(self, metrics: Metrics, reject: Reject, limits: Limits = LIMITS) -> None:
        self._metrics = metrics
        self._reject = reject
        self._limits = limits
        self._read_event = lambda event: read_event(event, limits)  # in half the time of a partial

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
        return self._count(self._read(self._read_event, event, context))

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


def dump_text(fields: object) -> bytes:
    """An object as JSON in about as many bytes as it was sent in."""
    return json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")


def dump_body(fields: object) -> bytes:
    """What was sent as JSON again; escapes keep a lone surrogate as it was."""
    return json.dumps(fields).encode()
