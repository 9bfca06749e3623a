"""One of several consumers: takes its share of the partitions, which follows who is there."""

from __future__ import annotations

import asyncio
import logging
import time

from nats.js import JetStreamContext

from collector.complaints import Complaints
from collector.consume.members import Members
from collector.consume.metrics import ConsumerMetrics
from collector.consume.shares import PARTITIONS, Partition, share_of
from collector.consume.storing import Storing
from collector.consume.taker import Taker, settle_within
from collector.queue.connection import FAILURES, describe
from collector.queue.look import oldest_seconds

logger = logging.getLogger(__name__)

# Of the takeover time: two looks may fail before a consumer counts as gone.
LOOK_SHARE = 1 / 3


class Consumer:
    """Holds partitions, each with a taker at work."""

    def __init__(
        self,
        jetstream: JetStreamContext,
        members: Members,
        storing: Storing,
        metrics: ConsumerMetrics,
        takeover_seconds: float,
    ) -> None:
        self._jetstream = jetstream
        self._members = members
        self._storing = storing
        self._metrics = metrics
        self._look_seconds = takeover_seconds * LOOK_SHARE
        self._takers: dict[Partition, tuple[Taker, asyncio.Task[None]]] = {}
        self._complaints = Complaints("the queue", time.monotonic)

    @property
    def held(self) -> set[Partition]:
        """The partitions whose events this consumer takes."""
        return set(self._takers)

    async def run(self, stopped: asyncio.Event) -> None:
        """Take part until stopped; then settle what was taken, and leave the rest to others."""
        while not stopped.is_set():
            await self._try_look()
            await settle_within(stopped.wait, self._look_seconds)
        await self._hold(set())
        try:
            await self._members.leave()
        except FAILURES as error:
            logger.warning("others take over after the takeover time: %s", describe(error))

    async def _try_look(self) -> None:
        """Look, and keep what is held where the servers do not answer."""
        try:
            await self._look()
        except FAILURES as error:
            self._complaints.say(type(error).__name__, f"does not answer: {describe(error)}")

    async def _look(self) -> None:
        """Say that we are there, see who else is, and hold our share. Raises as the client does."""
        await self._members.announce()
        members = await self._members.list_all()
        await self._hold(share_of(self._members.own, members))
        for partition in PARTITIONS:
            await self._note_lag(partition)

    async def _hold(self, share: set[Partition]) -> None:
        """Hold these partitions and no others; returns when the others are given up."""
        given_up = [self._takers.pop(partition) for partition in self.held - share]
        for taker, _ in given_up:
            taker.stop()
        for partition in share - self.held:
            taker = Taker(self._jetstream, partition, self._storing)
            self._takers[partition] = (taker, asyncio.create_task(taker.run()))
        if given_up:
            await asyncio.wait([task for _, task in given_up])
        self._metrics.partitions.set(len(self._takers))

    async def _note_lag(self, partition: Partition) -> None:
        """Show how far a partition is behind. Raises as the client does."""
        if partition not in self._takers:
            self._metrics.note_lag(partition, 0, 0)
            return
        info = await self._jetstream.consumer_info(partition.stream, partition.consumer)
        events = (info.num_pending or 0) + (info.num_ack_pending or 0)
        oldest = 0.0
        if events:
            oldest = await oldest_seconds(self._jetstream, partition.stream, partition.subject)
        self._metrics.note_lag(partition, events, oldest)
