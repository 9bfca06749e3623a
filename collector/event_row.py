"""What the disk gets of an event: its row as JSON; and what becomes of it there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypeAlias
from uuid import UUID, uuid5

import msgspec

from collector.contract.wire import WireNumber
from collector.errors import CollectorError, EventRefused
from collector.event import Event


class EventKey(NamedTuple):
    """What tells an event from all others: an id is the sender's own, and of its session alone."""

    session_id: str
    id: UUID


class EventRow(msgspec.Struct, frozen=True, gc=False):
    """An event that waits for the disk. Its bytes are nearly all that it holds in memory."""

    id: UUID
    session_id: str
    event_name: str
    received_at: datetime
    json: bytes  # an object of the event's fields, without those that are None

    @property
    def key(self) -> EventKey:
        """By which it is stored once."""
        return EventKey(self.session_id, self.id)

    @property
    def key_id(self) -> UUID:
        """The key as one id: the same each time, and another for its id in another session."""
        return uuid5(self.id, self.session_id)


class RowHead(msgspec.Struct, frozen=True, gc=False):
    """What a row says of itself beside its bytes."""

    id: UUID
    session_id: str
    event_name: str
    received_at: datetime


class EventStatus(StrEnum):
    """What became of an event: the label of a metric, and a batch's answer to each."""

    __hash__ = str.__hash__  # Enum's own runs in Python, and each event is counted by it

    STORED = "stored"  # committed in Postgres
    DUPLICATE = "duplicate"  # its session has its event_id already; nothing has changed
    ERASED = "erased"  # of somebody who was erased: it is left out, and its sender not told
    QUEUED = "queued"  # on a majority of the queue's servers, until a consumer stores it
    SPOOLED = "spooled"  # on this machine's disk, until Postgres or the queue is back
    INVALID = "invalid"  # breaks the contract: sending it again gives the same
    REFUSED = "refused"  # Postgres refuses this row: sending it again gives the same
    UNAVAILABLE = "unavailable"  # not taken now: send it again


# The event is durable, and its sender is told so with a 200 or a 202.
COMMITTED = frozenset({EventStatus.STORED, EventStatus.DUPLICATE})
STORED_LATER = frozenset({EventStatus.QUEUED, EventStatus.SPOOLED})
DURABLE = COMMITTED | STORED_LATER

# What became of an event on its way to the disk: one of DURABLE, or why it is not durable.
Outcome: TypeAlias = EventStatus | CollectorError


def told(outcome: Outcome) -> Outcome:
    """What a sender is told: the browser of somebody who was erased need not know."""
    return EventStatus.STORED if outcome is EventStatus.ERASED else outcome


def status_of(outcome: Outcome) -> EventStatus:
    """Only a row that Postgres itself refuses stays refused: any other error may pass."""
    if isinstance(outcome, EventStatus):
        return outcome
    return EventStatus.REFUSED if isinstance(outcome, EventRefused) else EventStatus.UNAVAILABLE


def make_row(event: Event) -> EventRow:
    """The event's row, made while its values are in the processor's cache."""
    return EventRow(
        event.id, event.session_id, event.event_name, event.received_at, ENCODER.encode(event)
    )


def read_row(data: bytes) -> EventRow:
    """The row that `data` is the JSON of. Raises msgspec.MsgspecError where it is none."""
    head = HEAD.decode(data)
    return EventRow(head.id, head.session_id, head.event_name, head.received_at, data)


def join_rows(rows: Iterable[EventRow]) -> bytes:
    """The one parameter of insert_events.sql: a JSON array.

    A batch goes as one text, since encoding it as 71 arrays took 60 µs an event of this
    process's time.
    """
    events = [row.json for row in rows]
    if not events:
        return b"[]"
    # Not around the whole, which is some 600 KB that would be copied once more.
    events[0] = b"[" + events[0]
    events[-1] += b"]"
    return b",".join(events)


def as_json(value: object) -> float:
    """What the encoder does not know: a number in form data or metadata.

    Raises TypeError for anything else.
    """
    if isinstance(value, WireNumber):
        return float(value)
    raise TypeError(f"an event holds a {type(value).__name__}")


ENCODER = msgspec.json.Encoder(enc_hook=as_json)
HEAD = msgspec.json.Decoder(RowHead)
