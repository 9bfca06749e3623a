"""Sending to one destination, round by round, for as long as the process runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from collector.conversions.claims import Settled, sort_claims
from collector.conversions.client import PlatformClient
from collector.conversions.conversion import Answer, Broken, Conversion, Later
from collector.conversions.metrics import DeliveryMetrics
from collector.conversions.outbox import Hold, Outbox
from collector.conversions.platform import Platform
from collector.conversions.sending import batches_of, pause_after, send_all

logger = logging.getLogger(__name__)

# Longer than a request and what it writes may take; another process waits as long for one that
# was killed.
HOLD_SECONDS = 30.0
# How often an empty outbox is looked at, and one that another process sends from.
LOOK_SECONDS = 1.0
# How many are claimed in a round.
ROUND = 1_000


class Stopped(Exception):
    """Somebody else holds the destination now."""


class Deliverer:
    """Sends what is due to one destination, while no other process does."""

    def __init__(
        self,
        name: str,
        platform: Platform,
        client: PlatformClient,
        metrics: DeliveryMetrics,
        clock: Callable[[], datetime],
    ) -> None:
        self._name = name
        self._platform = platform
        self._client = client
        self._metrics = metrics
        self._clock = clock

    async def run(self, outbox: Outbox, stopped: asyncio.Event) -> None:
        """Send until it is stopped. Raises what asyncpg raises."""
        while not stopped.is_set():
            hold = await self._hold(outbox)
            if hold is None or hold.wait_seconds:
                pause = min(hold.wait_seconds, HOLD_SECONDS / 3) if hold else LOOK_SECONDS
            else:
                pause = 0.0 if await self.step(outbox, hold) else LOOK_SECONDS
            await wait(stopped, pause)
        await outbox.release()

    async def step(self, outbox: Outbox, hold: Hold) -> bool:
        """Send what is due, and one alone to see whether a paused destination is well again.

        Returns whether there may be more. Raises what asyncpg raises.
        """
        claims = await outbox.claim(1 if hold.is_paused else ROUND)
        found = sort_claims(claims, self._platform, self._clock())
        await self._settle(outbox, found.settled)
        await outbox.postpone(found.waits)
        if not found.to_send:
            return bool(claims)
        try:
            failure = await send_all(
                batches_of(found.to_send, self._platform),
                lambda conversions: self._ask(outbox, conversions),
                lambda settled: self._settle(outbox, settled),
            )
        except Stopped:
            return False
        if failure is None:
            await self._note_taken(outbox, hold)
        else:
            await self._note_failure(outbox, hold, failure)
        return True

    async def _hold(self, outbox: Outbox) -> Hold | None:
        """Go on being the one who sends to it, or become it."""
        return await outbox.hold(HOLD_SECONDS, self._platform.version_warning(self._clock()))

    async def _ask(self, outbox: Outbox, conversions: Sequence[Conversion]) -> Answer:
        """One request. Raises Stopped where the destination is held by another process."""
        if await self._hold(outbox) is None:
            raise Stopped
        exchange = await self._client.ask(conversions, self._clock())
        kind = type(exchange.answer).__name__.lower()
        self._metrics.count_request(self._name, kind, exchange.seconds)
        return exchange.answer

    async def _settle(self, outbox: Outbox, settled: Sequence[Settled]) -> None:
        """Write down what became of them, and count it."""
        await outbox.settle(settled)
        self._metrics.count_settled(self._name, settled)

    async def _note_taken(self, outbox: Outbox, hold: Hold) -> None:
        """The destination is well."""
        await outbox.note_taken()
        if hold.failures:
            logger.info("destination %s takes conversions again", self._name)

    async def _note_failure(self, outbox: Outbox, hold: Hold, failure: Later | Broken) -> None:
        """It is not: nothing is sent for a while."""
        pause = pause_after(failure, hold.failures)
        await outbox.note_failure(failure, pause)
        if isinstance(failure, Broken):
            logger.error(
                "destination %s is paused: %s; %s; tried again in %.0f s",
                self._name,
                failure.reason,
                failure.advice,
                pause,
            )
        elif not hold.failures:  # one line an outage
            logger.warning("destination %s takes nothing now: %s", self._name, failure.reason)


async def wait(stopped: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until it is stopped."""
    try:
        async with asyncio.timeout(seconds):
            await stopped.wait()
    except TimeoutError:
        pass
