"""Where a batch is made durable: in the sink, or in the spool while the sink is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from collector.errors import EventRefused, StoreUnavailable
from collector.event_row import EventRow, EventStatus, Outcome
from collector.outage import Outage
from collector.sink import Sink
from collector.spool.spool import Spool

logger = logging.getLogger(__name__)

# Told of each row that the sink refuses, and why.
KeepRefused = Callable[[EventRow, EventRefused], None]


class Failover:
    """Writes batches; the only caller of the sink and the spool beside the replayer."""

    def __init__(self, sink: Sink, spool: Spool, outage: Outage, keep_refused: KeepRefused) -> None:
        self._sink = sink
        self._spool = spool
        self._outage = outage
        self._keep_refused = keep_refused
        self._trying = False
        self._cutoff_at: float | None = None
        self._cutoffs: set[asyncio.Timeout] = set()

    async def write(self, rows: Sequence[EventRow]) -> list[Outcome]:
        """Make events durable. Returns what became of each, in their order.

        A batch that the sink did not answer in time goes to the spool as well, although
        it may be committed: replaying it is harmless.
        """
        if not self._outage.is_away:
            try:
                return await self._insert(rows)
            except StoreUnavailable:
                self._outage.begin()
        try:
            await self._spool.append(rows)
        except StoreUnavailable as error:
            return await self._insert_after_all(rows, error)
        return [EventStatus.SPOOLED] * len(rows)

    def cut_off_sink(self, at: float) -> None:
        """From this time of the loop's clock on, do not wait for the sink: it is shutdown."""
        self._cutoff_at = at
        for cutoff in self._cutoffs:
            cutoff.reschedule(at)

    async def _insert(self, rows: Sequence[EventRow]) -> list[Outcome]:
        """Write to the sink. Raises StoreUnavailable where it does not take the batch now."""
        try:
            async with asyncio.timeout_at(self._cutoff_at) as cutoff:
                self._cutoffs.add(cutoff)
                try:
                    outcomes = await self._sink.put_each(rows)
                finally:
                    self._cutoffs.discard(cutoff)
        except TimeoutError:
            raise StoreUnavailable("The collector stops; send the event again.") from None
        self._note_refused(rows, outcomes)
        return outcomes

    def _note_refused(self, rows: Sequence[EventRow], outcomes: Sequence[Outcome]) -> None:
        """Keep what the sink refused, and say why; the reason names no value of a row."""
        for row, outcome in zip(rows, outcomes, strict=True):
            if isinstance(outcome, EventRefused):
                logger.error("an event that the contract takes is refused: %s", outcome.reason)
                self._keep_refused(row, outcome)

    async def _insert_after_all(
        self, rows: Sequence[EventRow], error: StoreUnavailable
    ) -> list[Outcome]:
        """Try the sink although it is away, since the spool is full or broken.

        One batch at a time: the others are answered at once, to be sent again. The replayer
        cannot find out that the sink is back while its disk fails.
        """
        if self._trying:
            return [error] * len(rows)
        self._trying = True
        try:
            outcomes = await self._insert(rows)
        except StoreUnavailable:
            return [error] * len(rows)
        finally:
            self._trying = False
        self._outage.end()
        return outcomes
