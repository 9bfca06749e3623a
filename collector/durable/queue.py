"""Events that wait for the disk: in order, within a bound, taken a batch at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.errors import QueueFull
from collector.event_row import EventRow, Outcome

if TYPE_CHECKING:
    from collector.tracing.spans import RequestTrace

# What a waiting request holds beside its events: connection, parser, request, task.
# Measured with 4,000 requests before a locked table: 16 KB each, one small event included.
REQUEST_BYTES = 16_384
# The most that a batch holds: its statement holds as much again, and Postgres some times that.
# 500 requests of usual events are 9 MiB.
BATCH_BYTES = 16 * 1_048_576

# What a row holds beside its JSON: itself, its id, session, name and time, its part of the answer.
ROW_BYTES = 1_024


@dataclass(frozen=True, slots=True, eq=False)
class Submission:
    """Events of one request, which are answered together."""

    rows: Sequence[EventRow]
    size_bytes: int
    answer: asyncio.Future[list[Outcome]]
    trace: RequestTrace | None = None


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

    def put(self, submission: Submission) -> None:
        """Let a submission enter. Raises QueueFull, at once, where it would pass a bound."""
        events = self.held_events + len(submission.rows)
        size = self.held_bytes + submission.size_bytes
        if self.held_events and (events > self._max_events or size > self._max_bytes):
            raise QueueFull("More events wait to be stored than this collector holds; try again.")
        self._waiting.append(submission)
        self.waiting_events += len(submission.rows)
        self.held_events, self.held_bytes = events, size

    def take(self, max_events: int) -> list[Submission]:
        """The oldest submissions, of so many events and BATCH_BYTES; the first in any case."""
        batch: list[Submission] = []
        count = size = 0
        while self._waiting:
            count += len(self._waiting[0].rows)
            size += self._waiting[0].size_bytes
            if batch and (count > max_events or size > BATCH_BYTES):
                break
            batch.append(self._waiting.popleft())
        self.waiting_events -= sum(len(submission.rows) for submission in batch)
        return batch

    def release(self, batch: Sequence[Submission]) -> None:
        """Count a batch no longer: it is answered."""
        self.held_events -= sum(len(submission.rows) for submission in batch)
        self.held_bytes -= sum(submission.size_bytes for submission in batch)


def estimate_bytes(rows: Sequence[EventRow]) -> int:
    """What a request with these events holds in memory, in bytes, about."""
    return REQUEST_BYTES + sum([ROW_BYTES + len(row.json) for row in rows])
