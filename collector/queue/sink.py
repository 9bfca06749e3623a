"""The queue as a sink: an event is durable when a majority of the servers has synced it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import nats.errors
from nats.aio.client import Client
from nats.js.api import Header
from nats.js.errors import APIError

from collector.codec import encode_row
from collector.errors import EventRefused, StoreUnavailable
from collector.event_row import EventRow, EventStatus, Outcome
from collector.queue.connection import FAILURES, connect_once, describe, keep_connected
from collector.queue.lanes import LIVE, REPLAYS, Lane, subject_of

logger = logging.getLogger(__name__)

UNAVAILABLE = "The event cannot be queued now; send it again."

# A full stream counts as one until consumers have made so much room: it would be full and not
# full in turn, a batch each.
ROOM_SHARE = 0.05

# What the servers take as one batch.
MOST_IN_BATCH = 1_000


class QueueSink:
    """Events go into a lane, each as a message with an id of its own.

    The servers drop a message with an id that they have seen in the last two minutes; Postgres
    knows all of them. `attempt` is added to these ids, for what shall not be dropped: an event that
    was settled, and is sent again on purpose.
    """

    def __init__(
        self, client: Client, lane: Lane, timeout_seconds: float, attempt: str = ""
    ) -> None:
        self._client = client
        self._lane = lane
        self._attempt = attempt
        self._jetstream = client.jetstream(timeout=timeout_seconds)

    async def put_each(self, rows: Sequence[EventRow]) -> list[Outcome]:
        """Queue events; returns QUEUED for each, or EventRefused for one that is too large.

        Several go as one batch; where the servers refuse that, one by one: they then say which.
        Raises StoreUnavailable where one was not acknowledged in time, or the queue is full;
        some may be queued then, and the whole may be put again without harm.
        """
        self._refuse_unconnected()
        try:
            if 1 < len(rows) <= MOST_IN_BATCH and await self._put_batch(rows):
                return [EventStatus.QUEUED] * len(rows)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._put(row)) for row in rows]
        except* FAILURES as errors:
            raise unavailable(first_of(errors)) from None
        return [task.result() for task in tasks]

    async def ping(self) -> None:
        """Raises StoreUnavailable where live events cannot be queued: no leader, or no room."""
        self._refuse_unconnected()
        try:
            info = await self._jetstream.stream_info(LIVE.stream)
        except FAILURES as error:
            raise unavailable(error) from None
        limit = info.config.max_bytes or -1
        if limit > 0 and info.state.bytes > limit * (1 - ROOM_SHARE):
            raise StoreUnavailable(UNAVAILABLE, reason=f"the stream {LIVE.stream} is full")

    async def describe_schema(self) -> str | None:
        """None: it has no tables. A consumer, which writes to them, says what they lack."""
        return None

    def _refuse_unconnected(self) -> None:
        """Raises StoreUnavailable, at once: the client would hold what it cannot send."""
        if not self._client.is_connected:
            raise StoreUnavailable(UNAVAILABLE, reason="no server of the queue is reached")

    async def _put_batch(self, rows: Sequence[EventRow]) -> bool:
        """Queue all of these events or none; whether they are queued. Raises one of FAILURES.

        The servers refuse a batch with an event that they have seen, as they do all batches for a
        stream that an older version has made. Older servers (before 2.12) know no batches: they
        acknowledge the last event as one by itself, and nobody can say what became of the others.
        """
        batch = uuid4().hex
        try:
            for number, row in enumerate(rows, start=1):
                headers = self._headers(row)
                headers[Header.BATCH_ID.value] = batch
                headers[Header.BATCH_SEQUENCE.value] = str(number)
                subject, body = subject_of(row, self._lane), encode_row(row)
                if number < len(rows):
                    await self._client.publish(subject, body, headers=headers)
                else:
                    headers[Header.BATCH_COMMIT.value] = "1"
                    done = await self._jetstream.publish(subject, body, headers=headers)
        except (APIError, nats.errors.MaxPayloadError):
            return False
        return done.batch_id == batch and done.batch_size == len(rows)

    async def _put(self, row: EventRow) -> Outcome:
        """Queue an event. Raises one of FAILURES."""
        try:
            subject = subject_of(row, self._lane)
            await self._jetstream.publish(subject, encode_row(row), headers=self._headers(row))
        except nats.errors.MaxPayloadError:
            return EventRefused("larger than max_payload of the queue's servers")
        return EventStatus.QUEUED

    def _headers(self, row: EventRow) -> dict[str, str]:
        """The id by which the servers know an event."""
        return {Header.MSG_ID.value: f"{row.key_id}{self._attempt}"}


def first_of(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """One of the errors of a batch, which mostly are one and the same."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def unavailable(error: BaseException) -> StoreUnavailable:
    """The error for a queue that cannot be used; the log gets why."""
    logger.warning("the queue cannot be used now: %s", describe(error))
    return StoreUnavailable(UNAVAILABLE, reason=describe(error))


@dataclass(frozen=True, slots=True)
class QueueSinks:
    """Both lanes of one connection."""

    live: QueueSink
    replays: QueueSink


@asynccontextmanager
async def open_queue(urls: str, timeout_seconds: float) -> AsyncIterator[QueueSinks]:
    """The queue, also while its servers are away: it is used once they are back."""
    async with keep_connected(urls, "conversion-tracking collector") as client:
        yield QueueSinks(
            QueueSink(client, LIVE, timeout_seconds), QueueSink(client, REPLAYS, timeout_seconds)
        )


@asynccontextmanager
async def open_replay_lane(urls: str, timeout_seconds: float) -> AsyncIterator[QueueSink]:
    """The lane of replays, for a command that does not wait for servers that are away.

    What another run of it has sent, and Postgres has refused since, is not dropped. Raises
    StoreUnavailable where none is reached.
    """
    async with AsyncExitStack() as stack:
        connecting = connect_once(urls, "conversion-tracking replay")
        try:
            client = await stack.enter_async_context(connecting)
        except FAILURES as error:
            raise unavailable(error) from None
        yield QueueSink(client, REPLAYS, timeout_seconds, attempt=f" {uuid4().hex}")
