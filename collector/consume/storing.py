"""What becomes of messages: rows in Postgres, rejects, or another try."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from nats.aio.msg import Msg
from nats.js.api import Header
from uuid_utils.compat import uuid7

from collector.codec import NewerEvent, UnreadableEvent, decode_row
from collector.complaints import Complaints
from collector.consume.metrics import ConsumerMetrics
from collector.durable.writer import Writer
from collector.errors import EventRefused, StoreUnavailable
from collector.event_row import EventRow, EventStatus, Outcome, status_of
from collector.one_by_one import TRIES, put_one_by_one
from collector.rejects.reject import Reject, make_refused, make_unreadable
from collector.rejects.store import RejectStore
from collector.sink import Sink

logger = logging.getLogger(__name__)

# How long until an event of a newer collector is looked at again: by then a newer consumer may
# hold its partition.
NEWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message whose event can be read."""

    message: Msg
    row: EventRow


class Commits:
    """Postgres as the disk of a writer: what it does not take now waits in the queue."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    async def write(self, rows: Sequence[EventRow]) -> list[Outcome]:
        """Commit events. Returns what became of each, in their order."""
        try:
            return await self._sink.put_each(rows)
        except StoreUnavailable as error:
            return [error] * len(rows)


@dataclass(frozen=True, slots=True)
class Storing:
    """Stores what was delivered; a message is acknowledged when it is settled for good.

    Acknowledgements are not waited for: where one is lost, its message comes again, and is a
    duplicate in Postgres.
    """

    writer: Writer
    sink: Sink
    rejects: RejectStore
    metrics: ConsumerMetrics
    complaints: Complaints = field(
        default_factory=lambda: Complaints("events of a newer collector", time.monotonic)
    )

    async def store(self, messages: Sequence[Msg]) -> list[Msg]:
        """Settle what can be settled. Returns the messages that must come again.

        Raises what the client of NATS raises.
        """
        again = sum(message.metadata.num_delivered > 1 for message in messages)
        self.metrics.redelivered.inc(again)
        deliveries, unreadable, newer = read(messages)
        await self._leave(newer)
        outcomes = await self._put(deliveries)
        refused: list[tuple[Msg, Reject]] = list(unreadable)
        left: list[Msg] = []
        for delivery, outcome in zip(deliveries, outcomes, strict=True):
            self.metrics.count_events(status_of(outcome), 1)
            if isinstance(outcome, EventStatus):
                await delivery.message.ack()
            elif isinstance(outcome, EventRefused):
                refused.append((delivery.message, make_refused(outcome, delivery.row)))
            else:
                left.append(delivery.message)
        return left + await self._reject(refused)

    async def _leave(self, newer: Sequence[Msg]) -> None:
        """Leave events to a newer consumer; among the rejects nothing could make rows of them.

        Raises what the client of NATS raises.
        """
        if not newer:
            return
        self.metrics.count_events(EventStatus.UNAVAILABLE, len(newer))
        self.complaints.say("left", "wait in the queue: bring consumers to its version")
        for message in newer:
            await message.nak(delay=NEWER_SECONDS)

    async def _put(self, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """What became of each: together; each by itself where they failed too often together."""
        rows = [delivery.row for delivery in deliveries]
        outcomes = await self.writer.put_all(rows)
        failed = any(status_of(outcome) is EventStatus.UNAVAILABLE for outcome in outcomes)
        if failed and any(is_worn(delivery.message) for delivery in deliveries):
            try:
                return await put_one_by_one(self.sink, rows)
            except Exception as error:  # noqa: BLE001  # not an event's: all of them wait
                logger.warning("no event passes by itself either: %s", type(error).__name__)
        return outcomes

    async def _reject(self, refused: Sequence[tuple[Msg, Reject]]) -> list[Msg]:
        """Keep what no table takes, and acknowledge it then. Returns what could not be kept."""
        if not refused:
            return []
        try:
            await self.rejects.insert([reject for _, reject in refused])
        except Exception as error:  # noqa: BLE001  # whatever it is, the queue has them still
            logger.warning("rejected events wait in the queue: %s", type(error).__name__)
            return [message for message, _ in refused]
        for message, reject in refused:
            logger.error("a queued event is refused, and kept: %s", reject.message)
            await message.ack()
        return []


def is_worn(message: Msg) -> bool:
    """Whether it was tried too often together with others."""
    return message.metadata.num_delivered >= TRIES


def read(
    messages: Sequence[Msg],
) -> tuple[list[Delivery], list[tuple[Msg, Reject]], list[Msg]]:
    """The messages that are events, those that are none, as rejects, and those of a version that
    is not known here yet."""
    deliveries: list[Delivery] = []
    unreadable: list[tuple[Msg, Reject]] = []
    newer: list[Msg] = []
    for message in messages:
        try:
            deliveries.append(Delivery(message, decode_row(message.data)))
        except NewerEvent:
            newer.append(message)
        except UnreadableEvent as error:
            reject = make_unreadable(
                str(error), message.data, id_of(message), message.metadata.timestamp
            )
            unreadable.append((message, reject))
    return deliveries, unreadable, newer


def id_of(message: Msg) -> UUID:
    """The id of its message, the same for each try; one of our own where it has none."""
    try:
        return UUID((message.headers or {})[Header.MSG_ID.value].split()[0])
    except (KeyError, ValueError, IndexError):
        return uuid7()
