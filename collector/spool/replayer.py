"""From the spool to the sink, beside live traffic.

Events leave the spool only after the sink has made them durable, so whatever happens in
between, a batch is written again at worst, and the event's id makes that harmless.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collector.errors import EventRefused, SpoolUnavailable, StoreUnavailable
from collector.event_row import EventStatus, Outcome
from collector.one_by_one import TRIES, put_one_by_one
from collector.outage import Outage
from collector.sink import Sink
from collector.spool.spool import Spool, Spooled

logger = logging.getLogger(__name__)

# Small batches hold locks and a connection for milliseconds only.
BATCH_EVENTS = 200

# The share of the time that replaying is busy. A pause that is proportional to the last
# batch's time gives way by itself: the slower the sink gets, the less is asked of it.
BUSY_SHARE = 0.25
MAX_PAUSE_SECONDS = 5.0

# How often an idle replayer looks whether something waits.
IDLE_SECONDS = 0.2

FIRST_BACKOFF_SECONDS = 0.1
MAX_BACKOFF_SECONDS = 2.0

PROGRESS_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a batch from the spool."""

    stored: int
    refused: int


async def replay_batch(spool: Spool, sink: Sink, limit: int = BATCH_EVENTS) -> Moved:
    """Move the oldest events of a spool to the sink; what it refuses is set aside.

    Raises StoreUnavailable where the sink or the disk fails: everything that is not in
    the sink is in the spool then.
    """
    batch = await spool.read_oldest(limit)
    if not batch:
        return Moved(0, 0)
    return await settle(spool, batch, await sink.put_each([spooled.row for spooled in batch]))


async def replay_one_by_one(spool: Spool, sink: Sink, limit: int = BATCH_EVENTS) -> Moved:
    """Move the oldest events each by itself; what fails twice while others pass is set aside.

    Raises as put_one_by_one does, and StoreUnavailable where the disk fails.
    """
    batch = await spool.read_oldest(limit)
    rows = [spooled.row for spooled in batch]
    return await settle(spool, batch, await put_one_by_one(sink, rows))


async def settle(spool: Spool, batch: Sequence[Spooled], outcomes: Sequence[Outcome]) -> Moved:
    """Set aside what was refused, and take out what was taken. Raises SpoolUnavailable."""
    refused = 0
    for spooled, outcome in zip(batch, outcomes, strict=True):
        if isinstance(outcome, EventRefused):
            await spool.refuse(spooled.position, outcome.reason)
            refused += 1
    taken = [
        spooled.position
        for spooled, outcome in zip(batch, outcomes, strict=True)
        if isinstance(outcome, EventStatus)
    ]
    await spool.remove(taken)
    return Moved(len(taken), refused)


class Replayer:
    """Drains a spool batch by batch, and finds out when the sink is back."""

    def __init__(  # noqa: PLR0913  # clock and randomness are arguments
        self,
        spool: Spool,
        sink: Sink,
        outage: Outage,
        count_replayed: Callable[[int], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._spool = spool
        self._sink = sink
        self._outage = outage
        self._count_replayed = count_replayed
        self._clock = clock
        self._jitter = jitter
        self._failures = 0
        self._stuck = 0
        self._progress = Progress(clock)

    async def run(self) -> None:
        """Replay until cancelled, which is harmless at any point."""
        while True:
            try:
                seconds = await self.step()
            except Exception:
                # Ours. Without the replayer events would wait for ever: go on.
                logger.exception("replaying the spool %s failed", self._spool.path)
                seconds = MAX_BACKOFF_SECONDS
            await asyncio.sleep(seconds)

    async def drain(self) -> None:
        """Replay until the spool is empty, however long the sink is away."""
        while self._spool.depth:
            seconds = await self.step()
            await asyncio.sleep(seconds)

    async def step(self) -> float:
        """Move one batch, or look whether the sink is back. Returns the seconds to wait then."""
        started = self._clock()
        try:
            moved = await self._move()
        except StoreUnavailable:
            self._failures += 1
            return backoff_seconds(self._failures, self._jitter())
        self._failures = 0
        return pause_seconds(self._clock() - started) if moved else IDLE_SECONDS

    async def _move(self) -> bool:
        """Whether there was something to move. Raises StoreUnavailable."""
        if self._spool.depth == 0:
            await self._end_outage()
            await self._spool.look()
            return False
        moved = await self._replay()
        self._count_replayed(moved.stored)
        self._progress.log(self._spool, moved)
        await self._end_outage()
        return True

    async def _end_outage(self) -> None:
        """End an outage where there is one no more. Raises StoreUnavailable where there is.

        The sink is asked, also after a replay: what it took was perhaps not in live traffic's way.
        """
        if self._outage.is_away:
            await self._sink.ping()
            self._outage.end()

    async def _replay(self) -> Moved:
        """Move a batch, event by event where it failed too often. Raises what replay_batch does."""
        try:
            moved = await replay_batch(self._spool, self._sink)
        except SpoolUnavailable:
            raise
        except Exception:
            self._stuck += 1
            if self._stuck < TRIES:
                raise
            self._stuck = 0
            return await replay_one_by_one(self._spool, self._sink)
        self._stuck = 0
        return moved


class Progress:
    """Lines in the log while a spool is drained: at intervals, and at the end."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._moved = 0
        self._said_at = clock()

    def log(self, spool: Spool, moved: Moved) -> None:
        """Note a batch."""
        self._moved += moved.stored
        if spool.depth == 0:
            logger.info("spool %s: drained, %d events replayed", spool.path, self._moved)
            self._moved = 0
        elif self._clock() - self._said_at >= PROGRESS_SECONDS:
            logger.info(
                "spool %s: %d events replayed, %d wait", spool.path, self._moved, spool.depth
            )
            self._said_at = self._clock()


def pause_seconds(busy_seconds: float) -> float:
    """How long to pause after a batch, so that replaying is busy for its share only."""
    return min(busy_seconds * (1 - BUSY_SHARE) / BUSY_SHARE, MAX_PAUSE_SECONDS)


def backoff_seconds(failures: int, jitter: float) -> float:
    """How long to wait after so many failures in a row: doubled each time, up to a cap.

    `jitter` in [0, 1) spreads collectors that lost the sink at the same moment.
    """
    longest = min(FIRST_BACKOFF_SECONDS * 2.0 ** min(failures - 1, 10), MAX_BACKOFF_SECONDS)
    return longest * (0.5 + jitter / 2)
