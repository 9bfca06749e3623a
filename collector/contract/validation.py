"""From bodies to payloads: the contract is checked, and what is found in them is counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from collector.contract.batch_body import Batch, read_batch, read_event
from collector.contract.payload import P, TrackPayload, parse_payload
from collector.contract.plain_payload import read_payload
from collector.contract.wire import JsonBody
from collector.errors import CollectorError, InvalidBatch, InvalidEvent, InvalidJson
from collector.event import RequestContext
from collector.metrics import Metrics

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
            return self._count(read_payload(model, body))
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
            batch = read_batch(body)
        except REJECTED as error:
            self._reject(error, body, context)
            raise
        self._metrics.unknown_fields.inc(batch.unknown)
        return batch

    def validate_event(self, batch: Batch, event: object, context: RequestContext) -> TrackPayload:
        """One of a batch's events as a payload. Raises InvalidEvent."""
        try:
            return self._count(read_event(batch, event))
        except REJECTED as error:
            self._reject(error, event if isinstance(event, bytes) else dump_body(event), context)
            raise

    def _count(self, payload: P) -> P:
        if payload.unknown:
            self._metrics.unknown_fields.inc(payload.unknown)
        if payload.cut:
            self._metrics.truncated_fields.inc(len(payload.cut))
        return payload


def dump_body(fields: object) -> bytes:
    """What was sent as JSON again; escapes keep a lone surrogate as it was."""
    return json.dumps(fields).encode()
