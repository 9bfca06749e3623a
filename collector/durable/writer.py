"""The only way to the disk: `put` returns when the event is durable.

Requests that arrive together share one transaction (group commit).
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from collector.durable.queue import BatchQueue, Submission, estimate_bytes
from collector.errors import CollectorError, QueueFull
from collector.event_row import EventRow, EventStatus, Outcome, status_of, told
from collector.settings import Settings
from collector.tracing.current import REQUEST_TRACE

if TYPE_CHECKING:
    from collector.tracing.spans import RequestTrace

logger = logging.getLogger(__name__)


# Batches are halves of what is held, but not smaller ones than this: each costs a commit.
LEAST_HALF = 24


@dataclass(frozen=True, slots=True)
class WriterLimits:
    """The bounds of the queue and of a batch; settings.py says what the first four are for."""

    queue_events: int
    queue_bytes: int
    batch_events: int
    commit_interval_seconds: float
    # No settings: one, two or four commits, and 1 to 20 ms, made no difference above the noise
    # (docs/benchmarks.md). The second commit is for others while the first is stuck.
    commits_in_flight: int = 2
    stuck_after_seconds: float = 0.01


def writer_limits(settings: Settings) -> WriterLimits:
    """The writer's share of the settings."""
    return WriterLimits(
        queue_events=settings.queue_max_events,
        queue_bytes=settings.queue_max_bytes,
        batch_events=settings.batch_max_events,
        commit_interval_seconds=settings.commit_interval_seconds,
    )


class Disk(Protocol):
    """What batches are written to: in a collector Failover, in a consumer Commits."""

    async def write(self, rows: Sequence[EventRow]) -> list[Outcome]:
        """Make events durable. Returns what became of each, in their order."""
        ...


# Told of each batch: its events, and the seconds until they were durable.
Observe = Callable[[int, float], None]
# Told what became of events: their status, and how many they are.
Count = Callable[[EventStatus, int], None]
# Told of each batch with requests that are traced: these, what became of its events, the seconds.
TraceCommit = Callable[["Sequence[RequestTrace]", Sequence[Outcome], float], None]


class Writer:
    """Gathers events into batches, and answers each when its batch is committed.

    A batch closes at once where no commit is in flight and none was begun a moment ago, so
    that a quiet server answers without waiting. While one is in flight the next batch gathers
    what arrives, until that commit ends, or has taken too long, or the batch is full. A
    moderate load would pay a commit for each event otherwise.

    A batch is no more than half of what is held: one half is written while requests of the
    other are read and answered. Otherwise the first request of many goes alone, the rest
    after it, and nobody remains to be read while the rest is written.
    """

    def __init__(
        self,
        disk: Disk,
        limits: WriterLimits,
        observe: Observe,
        count: Count,
        trace: TraceCommit | None = None,
    ) -> None:
        self._disk = disk
        self._limits = limits
        self._observe = observe
        self._count = count
        self._trace = trace
        self._loop = asyncio.get_running_loop()
        self._queue = BatchQueue(limits.queue_events, limits.queue_bytes)
        self._commits: set[asyncio.Task[None]] = set()
        self._most_events = limits.batch_events  # of the next batch
        self._committed_at = float("-inf")  # when the last commit began
        self._next_look: asyncio.Handle | None = None

    async def put(self, row: EventRow) -> EventStatus:
        """Make an event durable. Returns one of DURABLE.

        Raises QueueFull and StoreUnavailable where that is not possible now: the event may
        be sent again without harm. Raises EventRefused where the sink refuses its row, and
        CollectorError where the writer itself failed.
        """
        [outcome] = await self.put_all([row])
        if isinstance(outcome, CollectorError):
            raise outcome.with_traceback(None)  # many requests share the one error of a batch
        return outcome

    async def put_all(self, rows: Sequence[EventRow]) -> list[Outcome]:
        """Make events durable, each by itself; what became of each, in the same order.

        QueueFull becomes of all of them where there is no room: none of them is stored then.
        """
        if not rows:
            return []
        answer: asyncio.Future[list[Outcome]] = self._loop.create_future()
        try:
            size = estimate_bytes(rows)
            self._queue.put(Submission(rows, size, answer, REQUEST_TRACE.get()))
        except QueueFull as full:
            self._count(EventStatus.UNAVAILABLE, len(rows))
            return [full] * len(rows)
        self._look_soon()
        return await answer

    def held_events(self) -> int:
        """Events that wait or are being written."""
        return self._queue.held_events

    def held_bytes(self) -> int:
        """What their requests hold in memory, estimated."""
        return self._queue.held_bytes

    async def drain(self) -> None:
        """Return when everything that was put is answered; nothing waits for company now."""
        self._limits = replace(self._limits, commit_interval_seconds=0)
        while self._commits or self._queue:
            self._commit_what_is_due()
            await asyncio.wait(self._commits)

    def _look_soon(self) -> None:
        """Look for a due batch after the requests that are ready now have put theirs.

        A full batch does not wait for the look that is planned for when it is due.
        """
        full = self._queue.waiting_events >= self._limits.batch_events
        if self._next_look is None or full:
            self._plan_look(self._loop.call_soon(self._commit_what_is_due))

    def _plan_look(self, look: asyncio.Handle | None) -> None:
        """Have one look planned at most."""
        if self._next_look:
            self._next_look.cancel()
        self._next_look = look

    def _commit_what_is_due(self) -> None:
        """Start the commits whose time has come, and look again when the next one's has."""
        self._plan_look(None)
        while self._queue and len(self._commits) < self._limits.commits_in_flight:
            seconds = self._seconds_until_due()
            if seconds > 0:
                self._plan_look(self._loop.call_later(seconds, self._commit_what_is_due))
                return
            self._start_commit(self._queue.take(self._most_events))

    def _seconds_until_due(self) -> float:
        """How long the waiting batch may gather yet."""
        limits = self._limits
        if self._queue.waiting_events >= limits.batch_events:
            return 0
        apart = limits.stuck_after_seconds if self._commits else limits.commit_interval_seconds
        return self._committed_at + apart - self._loop.time()

    def _start_commit(self, batch: list[Submission]) -> None:
        """Commit in a task of its own: a client that goes away cancels nothing but itself."""
        self._committed_at = self._loop.time()
        commit = self._loop.create_task(self._commit(batch))
        self._commits.add(commit)
        commit.add_done_callback(self._finish_commit)

    def _finish_commit(self, commit: asyncio.Task[None]) -> None:
        self._commits.discard(commit)
        self._commit_what_is_due()

    async def _commit(self, batch: list[Submission]) -> None:
        """Write a batch and answer its submissions."""
        started = self._loop.time()
        outcomes = await self._write([row for part in batch for row in part.rows])
        seconds = self._loop.time() - started
        self._observe(len(outcomes), seconds)
        for status, events in Counter(map(status_of, outcomes)).items():
            self._count(status, events)
        half = max((self._queue.held_events + 1) // 2, LEAST_HALF)
        self._most_events = min(half, self._limits.batch_events)
        self._queue.release(batch)
        each = iter(outcomes)
        for submission in batch:
            answers = [told(next(each)) for _ in submission.rows]
            if not submission.answer.done():  # done: the client has gone
                submission.answer.set_result(answers)
        if self._trace:  # before the requests go on, and end their spans
            traces = [part.trace for part in batch if part.trace]
            self._trace(traces, outcomes, seconds)

    async def _write(self, rows: Sequence[EventRow]) -> list[Outcome]:
        """What became of each event; never raises, since every request must be answered."""
        try:
            return await self._disk.write(rows)
        except Exception:
            logger.exception("a batch of %d events was not stored", len(rows))
            return [CollectorError("The collector failed; the error is in its log.")] * len(rows)


@asynccontextmanager
async def open_writer(
    disk: Disk,
    limits: WriterLimits,
    observe: Observe,
    count: Count,
    trace: TraceCommit | None = None,
) -> AsyncIterator[Writer]:
    """A writer that has answered everything when the block ends."""
    writer = Writer(disk, limits, observe, count, trace)
    try:
        yield writer
    finally:
        await writer.drain()
