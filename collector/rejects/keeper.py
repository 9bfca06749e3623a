"""Keeping what broke the contract: beside the answers, never in their way."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from prometheus_client import Counter

from collector.background import Supervisor
from collector.errors import CollectorError, EventRefused
from collector.event import RequestContext
from collector.event_row import EventRow
from collector.metrics import Metrics
from collector.postgres.refusals import may_refuse_row
from collector.rejects.reject import Reject, RejectAllowance, make_refused, make_reject
from collector.rejects.repeats import Repeats, kind_of
from collector.rejects.store import RejectStore, open_reject_store

logger = logging.getLogger(__name__)

# What waits for Postgres is bounded by this and a kilobyte a row; past it nothing more is
# kept, only counted. 8 MiB are some 8,000 rejected events as trackers send them.
MAX_WAITING_BYTES = 8_388_608
BYTES_BESIDE_BODY = 1_024
BATCH = 100
RETRY_SECONDS = 1.0
COUNT_SECONDS = 5.0
TRIM_SECONDS = 60.0
CLOSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class RejectLimits:
    """How much is kept; settings.py says what each is for."""

    per_minute: int
    per_address_per_minute: int
    repeat_seconds: int
    max_bytes: int
    days: int


class RejectKeeper:
    """Takes rejected events at once, and writes them to Postgres in the background.

    None is lost in silence: what is not kept is counted by why.
    """

    def __init__(
        self,
        limits: RejectLimits,
        metrics: Metrics,
        new_id: Callable[[], UUID],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._metrics = metrics
        self._new_id = new_id
        self._clock = clock
        per_address = limits.per_address_per_minute
        self._allowance = RejectAllowance(limits.per_minute, per_address, clock())
        self._repeats = Repeats(limits.repeat_seconds)
        self._waiting: deque[Reject] = deque()
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self._away = False

    def keep(self, error: CollectorError, body: bytes, context: RequestContext) -> None:
        """Count an event that broke the contract, and keep it where the limits allow.

        One of a kind that was just kept is counted on that example, so that a flood of one
        reason leaves room for others.
        """
        self._metrics.count_rejected(error)
        kind, now = kind_of(error, context), self._clock()
        if self._repeats.count(kind, now):
            self._metrics.rejects_not_kept.labels("repeat").inc()
        elif not self._allowance.take(context.client_ip, now):
            self._metrics.rejects_not_kept.labels("rate_limit").inc()
        else:
            reject = make_reject(error, body, context, self._new_id())
            if self._put(reject):
                self._repeats.add(kind, reject.event_id, now)

    def keep_refused(self, row: EventRow, error: EventRefused) -> None:
        """Keep an event that Postgres refused; no limit but that of all that waits.

        It is no sender's fault, so there are few of them, and each is wanted.
        """
        self._put(make_refused(error, row))

    def _put(self, reject: Reject) -> bool:
        """Let one wait to be written. False where too much waits."""
        if self._waiting_bytes + size_of(reject) > MAX_WAITING_BYTES:
            self._metrics.rejects_not_kept.labels("queue_full").inc()
            return False
        self._waiting.append(reject)
        self._waiting_bytes += size_of(reject)
        self._arrived.set()
        return True

    async def write_forever(self, store: RejectStore) -> None:
        """Write what was taken as long as this runs."""
        while True:
            await self._arrived.wait()
            if not await self.write_batch(store):
                await asyncio.sleep(RETRY_SECONDS)

    async def write_batch(self, store: RejectStore, size: int = BATCH) -> bool:
        """Write some of what waits. False where Postgres cannot take it now; it waits on then."""
        batch = list(itertools.islice(self._waiting, size))
        try:
            await store.insert(batch)
        except Exception as error:  # noqa: BLE001  # one nobody thought of must not end the task
            if not is_refusal(error):
                self._note_away(error)
                return False
            if len(batch) > 1:  # the first by itself; the culprit's turn comes
                return await self.write_batch(store, size=1)
            logger.error("a rejected event cannot be kept: %s", type(error).__name__)  # noqa: TRY400  # its traceback would hold values
            self._forget(batch, self._metrics.rejects_not_kept.labels("refused"))
        else:
            self._away = False
            self._forget(batch, self._metrics.rejects_kept)
        return True

    async def count_forever(self, store: RejectStore) -> None:
        """Every few seconds, write how many more came of what was kept."""
        while True:
            await asyncio.sleep(COUNT_SECONDS)
            await self.write_counts(store)

    async def write_counts(self, store: RejectStore) -> None:
        """Write how many more came of the rows that are written; what cannot be waits on."""
        counts = self._repeats.take(but={reject.event_id for reject in self._waiting})
        if not counts:
            return
        try:
            await store.count_repeats(counts)
        except Exception as error:  # noqa: BLE001  # as in write_batch
            self._repeats.put_back(counts)
            self._note_away(error)

    async def trim_forever(self, store: RejectStore) -> None:
        """Once a minute, delete what is too old or too much."""
        while True:
            try:
                deleted = await store.trim(self._limits.days, self._limits.max_bytes)
                self._metrics.rejects_deleted.inc(deleted)
            except Exception as error:  # noqa: BLE001  # nor must it here
                self._note_away(error)
            await asyncio.sleep(TRIM_SECONDS)

    async def close(self, store: RejectStore) -> None:
        """A last try for what waits; what Postgres does not take in time is counted."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                while self._waiting and await self.write_batch(store):
                    pass
                await self.write_counts(store)
        if self._waiting:
            self._metrics.rejects_not_kept.labels("shutdown").inc(len(self._waiting))
            logger.warning("%d rejected events were not kept", len(self._waiting))

    def _note_away(self, error: Exception) -> None:
        """One line an outage, not one a second; without the error's text, which may hold values."""
        if not self._away:
            logger.warning("rejected events wait for Postgres: %s", type(error).__name__)
        self._away = True

    def _forget(self, done: list[Reject], counter: Counter) -> None:
        for reject in done:
            self._waiting.popleft()
            self._waiting_bytes -= size_of(reject)
        counter.inc(len(done))
        if not self._waiting:
            self._arrived.clear()


def is_refusal(error: Exception) -> bool:
    """Whether Postgres refuses a row, however often it is asked; all else may pass.

    An event that nobody will store waits for no one here: where it may be the row, it is.
    """
    return isinstance(error, asyncpg.PostgresError) and may_refuse_row(error.sqlstate or "")


def size_of(reject: Reject) -> int:
    """What a rejected event takes in memory, about."""
    return len(reject.body) + BYTES_BESIDE_BODY


@asynccontextmanager
async def run_reject_keeper(
    keeper: RejectKeeper, database_url: str, timeout_seconds: float, supervisor: Supervisor
) -> AsyncIterator[None]:
    """The keeper at work for as long as the block runs."""
    async with open_reject_store(database_url, timeout_seconds) as store:
        try:
            async with (
                supervisor.run("write_rejects", lambda: keeper.write_forever(store)),
                supervisor.run("count_rejects", lambda: keeper.count_forever(store)),
                supervisor.run("trim_rejects", lambda: keeper.trim_forever(store)),
            ):
                yield
        finally:
            await keeper.close(store)
