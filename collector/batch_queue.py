"""Events that wait for the disk: in order, within a bound, taken a batch at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from sys import getsizeof
from typing import Any

from collector.errors import QueueFull
from collector.event import Event
from collector.put_result import Outcome
from collector.wire import CONTAINERS

# What a waiting request holds beside its events: connection, parser, request, task.
# Measured with 4,000 requests before a locked table: 16 KB each, one small event included.
REQUEST_BYTES = 16_384
# What an event holds beside its texts: itself, its payload, ids and times of their own.
EVENT_BYTES = 4_096

# What has no limit of its own but the body's. The rest of an event is bounded by its
# columns, and so by the bound on events.
TEXTS = attrgetter("page_url", "referrer", "page_title", "user_agent")
OBJECTS = attrgetter("form_data", "metadata", "click_ids")


@dataclass(frozen=True, slots=True, eq=False)
class Submission:
    """Events of one request, which are answered together."""

    events: Sequence[Event]
    size_bytes: int
    entered_at: float
    answer: asyncio.Future[list[Outcome]]


class BatchQueue:
    """Submissions in the order of their arrival.

    The bound on memory: what has entered counts, in events and in estimated bytes, until
    it is released, which is when it is answered. So events in a transaction count as well
    as those that wait for one, and max_bytes bounds all that requests in the writer hold.
    A submission that is over a bound by itself is taken while nothing else is there.
    """

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._waiting: deque[Submission] = deque()
        self.waiting_events = 0
        self.held_events = 0
        self.held_bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def oldest_at(self) -> float:
        """When the submission entered that waits longest. Raises IndexError where none waits."""
        return self._waiting[0].entered_at

    def put(self, submission: Submission) -> None:
        """Let a submission enter. Raises QueueFull, at once, where it would pass a bound."""
        events = self.held_events + len(submission.events)
        size = self.held_bytes + submission.size_bytes
        if self.held_events and (events > self._max_events or size > self._max_bytes):
            raise QueueFull("More events wait to be stored than this collector holds; try again.")
        self._waiting.append(submission)
        self.waiting_events += len(submission.events)
        self.held_events, self.held_bytes = events, size

    def take(self, max_events: int) -> list[Submission]:
        """The oldest submissions, of so many events together; the first in any case."""
        batch: list[Submission] = []
        count = 0
        while self._waiting:
            count += len(self._waiting[0].events)
            if batch and count > max_events:
                break
            batch.append(self._waiting.popleft())
        self.waiting_events -= sum(len(submission.events) for submission in batch)
        return batch

    def release(self, batch: Sequence[Submission]) -> None:
        """Count a batch no longer: it is answered."""
        self.held_events -= sum(len(submission.events) for submission in batch)
        self.held_bytes -= sum(submission.size_bytes for submission in batch)


def estimate_bytes(events: Sequence[Event]) -> int:
    """What a request with these events holds in memory, in bytes, about."""
    return REQUEST_BYTES + sum(map(event_bytes, events))


def event_bytes(event: Event) -> int:
    """What an event holds, its payload included."""
    size = EVENT_BYTES + sum(map(getsizeof, TEXTS(event)))
    for value in OBJECTS(event):
        if value:
            size += nested_bytes(value)
    return size


def nested_bytes(value: Mapping[str, Any] | list[Any]) -> int:
    """What a JSON object or list holds; its depth is bounded (wire.py)."""
    size = getsizeof(value)
    items: Iterable[Any] = value
    if not isinstance(value, list):
        size += sum(map(getsizeof, value))
        items = value.values()
    for item in items:
        size += nested_bytes(item) if isinstance(item, CONTAINERS) else getsizeof(item)
    return size
