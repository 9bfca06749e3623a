"""What broke the contract, as it is kept: the row, and how much of it a minute. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from collector.allowance import AddressAllowance, Allowance
from collector.errors import CollectorError, EventRefused, FieldError
from collector.event import RequestContext
from collector.event_row import EventRow
from collector.rejects.without_user_data import without_user_data

MAX_BODY = 65_536
# Where a refused row was to go; what was sent is not known any more, nor needed.
ROW_ENDPOINT = "conversion_events"


@dataclass(frozen=True, slots=True)
class Reject:
    """A row of rejected_events: the same names, the same order."""

    event_id: UUID
    reason: str
    message: str
    errors: tuple[FieldError, ...]
    endpoint: str
    content_type: str | None
    body: bytes
    body_cut: bool
    ip_address: str | None
    stamp_verified: bool
    user_agent: str | None
    request_id: str | None
    received_at: datetime


def make_reject(
    error: CollectorError, body: bytes, context: RequestContext, event_id: UUID
) -> Reject:
    """What is kept of an event that broke the contract.

    event_id is the one under which a replay stores it, if it was sent without any.
    """
    kept = without_user_data(body)
    return Reject(
        event_id=event_id,
        reason=error.code,
        message=error.message,
        errors=error.errors,
        endpoint=context.endpoint,
        content_type=context.content_type,
        body=kept[:MAX_BODY],
        body_cut=len(kept) > MAX_BODY,
        ip_address=context.stored_ip,
        stamp_verified=context.stamp_verified,
        user_agent=context.user_agent,
        request_id=context.request_id,
        received_at=context.received_at,
    )


def make_refused(error: EventRefused, row: EventRow) -> Reject:
    """What is kept of an event that Postgres refused: its row, which a replay stores as it is.

    Its id here is no event_id, which another session's event may have too.
    """
    return make_of_row(row.key_id, error.reason, row.json, row.received_at)


def make_unreadable(reason: str, data: bytes, event_id: UUID, received_at: datetime) -> Reject:
    """What is kept of a message of the queue that is no event."""
    return make_of_row(event_id, f"unreadable: {reason}", data, received_at)


def make_of_row(event_id: UUID, message: str, body: bytes, received_at: datetime) -> Reject:
    """What is kept of what came after enrichment: nothing of its request is known."""
    kept = without_user_data(body)
    return Reject(
        event_id=event_id,
        reason=EventRefused.code,
        message=message,
        errors=(),
        endpoint=ROW_ENDPOINT,
        content_type=None,
        body=kept[:MAX_BODY],
        body_cut=len(kept) > MAX_BODY,
        ip_address=None,
        stamp_verified=False,
        user_agent=None,
        request_id=None,
        received_at=received_at,
    )


class RejectAllowance:
    """How many rejected events are kept: of one address, and in all."""

    def __init__(self, per_minute: int, per_address_per_minute: int, now: float) -> None:
        self._all = Allowance(per_minute, now)
        self._addresses = AddressAllowance(per_address_per_minute)

    def take(self, address: str | None, now: float) -> bool:
        """Whether one more of this address may be kept now."""
        return self._addresses.take(address, now) and self._all.take(now)
