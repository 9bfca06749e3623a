"""Sending rejected events through again: the same validation, enrichment and sink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from msgspec import MsgspecError

from collector.client_ip import ClientIpStorage, stored_ip
from collector.contract.models import ConversionEventRequest
from collector.contract.reader import EVENTS, STAGES, event_of, fields_of
from collector.contract.validation import load_whole, read_batch, read_fields
from collector.contract.wire import LIMITS, Limits, read_object
from collector.enrich import Enricher
from collector.errors import CollectorError, FieldError, InvalidEvent
from collector.event import RequestContext
from collector.event_row import EventRow, EventStatus, Outcome, make_row, read_row
from collector.rejects.reject import ROW_ENDPOINT, Reject
from collector.rejects.store import KeptReject, RejectStore
from collector.sink import Sink

FUNNEL_PATH = "/v1/events/funnel"


@dataclass(frozen=True, slots=True)
class RejectReplay:
    """Replays rejects, and notes in their rows what became of them."""

    enricher: Enricher
    sink: Sink
    rejects: RejectStore
    limits: Limits = LIMITS  # of an event, as where it is received
    ip_storage: ClientIpStorage = "full"

    async def replay(self, kept: KeptReject, body: bytes) -> str:
        """Store the event that a body is by now: "stored", or "duplicate" if it was before;
        "queued" where a queue takes it.

        It keeps the time of its first receipt and the address of its sender. Replaying it
        again changes nothing: its id is the one that it was sent with, or that of the row.
        Raises InvalidJson, InvalidEvent, InvalidBatch, EventTooLarge or BatchTooLarge where it
        breaks the contract still, and EventRefused or StoreUnavailable of the sink: another event
        of the body may be stored then.
        """
        rows = self.read_rows(kept.reject, body)
        result = result_of(await self.sink.put_each(rows))
        await self.rejects.mark_replayed(kept, result)
        return result

    def read_rows(self, reject: Reject, body: bytes) -> list[EventRow]:
        """The events of a body, ready to be stored. Raises as `replay` does for bodies."""
        if reject.endpoint == ROW_ENDPOINT:
            return [read_refused(body)]
        context = context_of(reject, self.ip_storage)
        payloads = parse_rejected(reject, body, self.limits)
        return [make_row(self.enricher.enrich(payload, context)) for payload in payloads]


def result_of(outcomes: Sequence[Outcome]) -> EventStatus:
    """What became of a body's events. Raises the error of one that was not taken."""
    for outcome in outcomes:
        if isinstance(outcome, CollectorError):
            raise outcome
    for result in (EventStatus.STORED, EventStatus.QUEUED):
        if result in outcomes:
            return result
    return EventStatus.DUPLICATE


def read_refused(body: bytes) -> EventRow:
    """The row that Postgres refused. Raises InvalidEvent where it is none any more."""
    try:
        return read_row(body)
    except MsgspecError:
        message = (
            "must be the row as it was kept, with its id, session_id, event_name and received_at"
        )
        raise InvalidEvent("This is no row.", (FieldError("", message),)) from None


def parse_rejected(
    reject: Reject, body: bytes, limits: Limits = LIMITS
) -> list[ConversionEventRequest]:
    """The payloads of a body: one, or those of a batch that was refused as a whole.

    Raises as RejectReplay.replay does for bodies.
    """
    if is_batch(load_whole(body)):
        parts = [read_fields(event, limits) for event in read_batch(body).events]
        ids = [uuid5(reject.event_id, str(position)) for position in range(len(parts))]
    else:
        parts, ids = [read_object(body, limits)], [reject.event_id]
    payloads = [parse_part(reject.endpoint, part) for part in parts]
    return [with_id(payload, event_id) for payload, event_id in zip(payloads, ids, strict=True)]


def is_batch(fields: dict[str, Any]) -> bool:
    """Whether a body holds several events."""
    return "events" in fields and "session_id" not in fields


def parse_part(endpoint: str, fields: dict[str, Any]) -> ConversionEventRequest:
    """One event, as its endpoint reads it."""
    if endpoint == FUNNEL_PATH:
        return event_of(STAGES.read(fields))
    return EVENTS.read(fields)


def with_id(payload: ConversionEventRequest, event_id: UUID) -> ConversionEventRequest:
    """The payload with an id of its own, else with this one."""
    if payload.event_id:
        return payload
    return EVENTS.make(**{**fields_of(payload), "event_id": event_id})


def context_of(reject: Reject, ip_storage: ClientIpStorage) -> RequestContext:
    """The request that the event came with, as it was then; its address as it is stored now."""
    return RequestContext(
        client_ip=reject.ip_address,
        stamp_verified=reject.stamp_verified,
        received_at=reject.received_at,
        user_agent=reject.user_agent,
        request_id=reject.request_id,
        endpoint=reject.endpoint,
        content_type=reject.content_type,
        stored_ip=stored_ip(reject.ip_address, ip_storage),
    )
