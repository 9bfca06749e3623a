"""Takes the events of one partition, for as long as this consumer holds it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from nats.aio.msg import Msg
from nats.js import JetStreamContext

from collector.complaints import Complaints
from collector.consume.shares import Partition
from collector.consume.storing import Storing
from collector.errors import StoreUnavailable
from collector.queue.connection import FAILURES, describe

logger = logging.getLogger(__name__)

# Of one partition at a time: so many of each of the partitions share a transaction.
FETCH_EVENTS = 100
# How long to ask for, and so how soon a partition is given up.
FETCH_SECONDS = 1.0
RETRY_SECONDS = 1.0

Subscription = JetStreamContext.PullSubscription


class Taker:
    """Fetches, stores and acknowledges, until it is told to stop."""

    def __init__(self, jetstream: JetStreamContext, partition: Partition, storing: Storing) -> None:
        self._jetstream = jetstream
        self._partition = partition
        self._storing = storing
        self._stopping = asyncio.Event()
        self._complaints = Complaints(f"{partition.stream} {partition.consumer}", time.monotonic)

    def stop(self) -> None:
        """Take no more; what was taken is settled before `run` returns."""
        self._stopping.set()

    async def run(self) -> None:
        """Take events until stopped. What fails is tried again, whatever it is."""
        subscription: Subscription | None = None
        while not self._stopping.is_set():
            try:
                subscription = subscription or await self._subscribe()
                await self._take(subscription)
            except FAILURES as error:
                self._complaints.say(type(error).__name__, f"cannot be read: {describe(error)}")
                await self._wait(RETRY_SECONDS)
            except Exception:
                # Ours. The events are in the queue still, and come again.
                logger.exception("the events of %s are not stored", self._partition.consumer)
                await self._wait(RETRY_SECONDS)
        if subscription:
            await self._end(subscription)

    async def _subscribe(self) -> Subscription:
        """What the partition's messages come by; raises what the client raises."""
        return await self._jetstream.pull_subscribe_bind(
            consumer=self._partition.consumer, stream=self._partition.stream
        )

    async def _take(self, subscription: Subscription) -> None:
        """Store what there is; raises what the client raises."""
        messages = await fetch(subscription)
        left = await self._storing.store(messages) if messages else []
        if left:
            await self._give_back(left)

    async def _give_back(self, left: Sequence[Msg]) -> None:
        """Have messages delivered again, and take none until Postgres answers."""
        self._storing.metrics.postgres_away.set(1)
        for message in left:
            await message.nak(delay=RETRY_SECONDS)
        while not self._stopping.is_set():
            await self._wait(RETRY_SECONDS)
            if await self._answers():
                self._storing.metrics.postgres_away.set(0)
                return

    async def _answers(self) -> bool:
        """Whether Postgres can be used."""
        try:
            await self._storing.sink.ping()
        except StoreUnavailable:
            return False
        return True

    async def _wait(self, seconds: float) -> None:
        """Wait, but not past being told to stop."""
        await settle_within(self._stopping.wait, seconds)

    async def _end(self, subscription: Subscription) -> None:
        """Give back what has arrived and was not asked for any more."""
        try:
            while subscription.pending_msgs:
                for message in await subscription.fetch(FETCH_EVENTS, timeout=FETCH_SECONDS):
                    await message.nak()
            await subscription.unsubscribe()
        except FAILURES as error:
            logger.info("%s is left: %s", self._partition.consumer, describe(error))


async def fetch(subscription: Subscription) -> list[Msg]:
    """The next events; none where there is none in time. Raises what the client raises."""
    try:
        return await subscription.fetch(FETCH_EVENTS, timeout=FETCH_SECONDS)
    except TimeoutError:  # the client's own is one too
        return []


async def settle_within(wait: Callable[[], Awaitable[object]], seconds: float) -> None:
    """Wait for something, so long at most."""
    try:
        async with asyncio.timeout(seconds):
            await wait()
    except TimeoutError:
        pass
