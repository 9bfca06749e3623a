"""From bodies to payloads: the contract is checked, and what is found in them is counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
from collector.payload import P, TrackPayload, parse_payload
from collector.wire import JsonBody, parse_object, read_object

MAX_BATCH_EVENTS = 500


@dataclass(frozen=True, slots=True)
class Batch:
    """The body of a batch, none of whose events was looked at yet."""

    body: JsonBody
    events: list[Any]

    def settle(self, item: object) -> dict[str, Any]:
        """One of the events, storable. Raises InvalidEvent where it is no object, or too deep."""
        if isinstance(item, dict):
            return self.body.settle(item)
        fault = FieldError("body", "must be a JSON object")
        raise InvalidEvent("The event breaks the contract.", (fault,))


# What is wrong with the events themselves; a body that is too large is its sender's affair.
REJECTED = (InvalidJson, InvalidEvent, InvalidBatch)

Reject = Callable[[CollectorError, bytes, RequestContext], None]


class Validator:
    """Reads payloads, and counts what it finds in them.

    `reject` is told of each event that breaks the contract: why, what was sent, and by whom.
    """

    def __init__(self, metrics: Metrics, reject: Reject) -> None:
        self._metrics = metrics
        self._reject = reject

    def validate_body(self, model: type[P], body: bytes, context: RequestContext) -> P:
        """A body as a payload.

        Raises InvalidJson where it is no JSON object, InvalidEvent where it breaks the contract.
        """
        try:
            return self._count(parse_payload(model, parse_object(body)))
        except REJECTED as error:
            self._reject(error, body, context)
            raise

    def validate_query(self, fields: dict[str, Any], context: RequestContext) -> TrackPayload:
        """The fields that a query held as a payload. Raises InvalidEvent."""
        try:
            storable = JsonBody(fields, nested=True, escaped=True).settle(fields)
            return self._count(parse_payload(TrackPayload, storable))
        except REJECTED as error:
            self._reject(error, dump_body(fields), context)
            raise

    def validate_batch(self, body: bytes, context: RequestContext) -> Batch:
        """A body as a list of events.

        Raises InvalidJson, InvalidBatch, and BatchTooLarge, which is no event's fault.
        """
        try:
            batch = parse_batch(body)
        except REJECTED as error:
            self._reject(error, body, context)
            raise
        self._metrics.unknown_fields.inc(len(batch.body.value) - 1)
        return batch

    def validate_item(self, batch: Batch, item: object, context: RequestContext) -> TrackPayload:
        """One of a batch's events as a payload. Raises InvalidEvent."""
        try:
            return self._count(parse_payload(TrackPayload, batch.settle(item)))
        except REJECTED as error:
            self._reject(error, dump_body(item), context)
            raise

    def _count(self, payload: P) -> P:
        if payload.unknown:
            self._metrics.unknown_fields.inc(payload.unknown)
        if payload.cut:
            self._metrics.truncated_fields.inc(len(payload.cut))
        return payload


def parse_batch(body: bytes) -> Batch:
    """A body as a list of events. Raises InvalidJson, InvalidBatch and BatchTooLarge."""
    read = read_object(body)
    events = read.value.get("events")
    if not isinstance(events, list) or not events:
        message = "must be a list of at least one event"
        raise InvalidBatch("The body is no batch.", (FieldError("events", message),))
    if len(events) > MAX_BATCH_EVENTS:
        message = f"holds {len(events)} events; at most {MAX_BATCH_EVENTS} are allowed"
        raise BatchTooLarge("The batch is too large.", (FieldError("events", message),))
    return Batch(read, events)


def dump_body(fields: object) -> bytes:
    """What was sent as JSON again; escapes keep a lone surrogate as it was."""
    return json.dumps(fields).encode()
