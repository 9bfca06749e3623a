"""A client that sends at full speed and again until it is promised, and the count at the end."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import aiohttp

from collector.sql import load_query
from tests.support import CHROME, fetch
from tests.waiting import eventually

TRACK = "/v1/events/track"
PROMISED = {200, 202}  # the answers after which an event must be in Postgres in the end

RETRY_SECONDS = 0.02
REQUEST_SECONDS = 15.0

STAGE_EVENTS: Sequence[dict[str, Any]] = (
    {"event_type": "page_view", "page_url": "https://example.com/"},
    {"event_type": "page_view", "page_url": "https://example.com/pricing?utm_source=x"},
    {"event_type": "page_view", "page_url": "https://example.com/blog"},
    {"event_type": "signup"},
    {"event_type": "checkout_start", "conversion_value": "49.90"},
    {"event_type": "purchase", "conversion_value": 49.9, "currency": "EUR"},
    {"event_type": "subscription_created", "conversion_value": "29.99"},
)


class Sender:
    """Several connections, each sending one event after the other, as fast as answers come.

    An event that is not answered with 200 or 202 is sent again with the same id, as the
    tracker does. With several urls each try may go to another collector.
    """

    def __init__(self, urls: Sequence[str], seed: int) -> None:
        self._urls = urls
        self._random = random.Random(seed)
        self._stopping = False
        self.promised: dict[UUID, str] = {}  # event to session
        self.answers: Counter[int | str] = Counter()

    async def run(self, client: aiohttp.ClientSession) -> None:
        """Send until stopped; the last event too is sent until it is promised."""
        while not self._stopping:
            event = self._make_event()
            await self._send_until_promised(client, event)
            self.promised[UUID(event["event_id"])] = event["session_id"]

    def stop(self) -> None:
        """Begin no other event."""
        self._stopping = True

    async def wait_for(self, answer: int | str, count: int) -> None:
        """Return when so many more of an answer were counted."""
        wanted = self.answers[answer] + count
        await eventually(lambda: self.answers[answer] >= wanted)

    async def _send_until_promised(
        self, client: aiohttp.ClientSession, event: dict[str, Any]
    ) -> None:
        while True:
            if await self._send(client, event):
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def _send(self, client: aiohttp.ClientSession, event: dict[str, Any]) -> bool:
        """Whether the collector promised to keep the event."""
        url = self._random.choice(self._urls) + TRACK
        try:
            async with client.post(url, json=event) as answer:
                await answer.read()
                self.answers[answer.status] += 1
                return answer.status in PROMISED
        except (aiohttp.ClientError, TimeoutError) as error:
            self.answers[type(error).__name__] += 1
            return False

    def _make_event(self) -> dict[str, Any]:
        """One of many sessions, at any stage of the funnel."""
        chosen = self._random
        return {
            "event_id": str(UUID(int=chosen.getrandbits(128), version=4)),
            "session_id": f"session {chosen.randrange(200)}",
            "event_name": "Event",
            "user_id": chosen.choice([None, "u1", "u2"]),
            "utm_params": {"utm_source": chosen.choice(["google", "bing"]), "utm_medium": "cpc"},
            "occurred_at": chosen.choice([None, 1_760_000_000_000 + chosen.randrange(10**9)]),
            **chosen.choice(STAGE_EVENTS),
        }


@asynccontextmanager
async def sending(*urls: str, connections: int = 8, seed: int = 1) -> AsyncIterator[Sender]:
    """A sender at work; after the block it finishes what it has begun.

    Two senders with the same seed send the same events.
    """
    sender = Sender(urls, seed)
    timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    headers = {"User-Agent": CHROME}
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as client:
        connections_at_work = [asyncio.create_task(sender.run(client)) for _ in range(connections)]
        try:
            yield sender
            sender.stop()
            async with asyncio.timeout(60):
                await asyncio.gather(*connections_at_work)
        finally:
            for task in connections_at_work:
                task.cancel()


async def assert_kept(database: str, promised: Mapping[UUID, str]) -> None:
    """Everything that was promised is in Postgres, once, and the funnel is what it must be."""
    stored = await stored_events(database)
    assert promised
    missing = promised.keys() - stored.keys()
    unasked = stored.keys() - promised.keys()
    assert (missing, unasked) == (set(), set())
    assert stored == promised
    await assert_funnel_fits(database)


async def stored_events(database: str) -> dict[UUID, str]:
    """The events in Postgres and their sessions; no event is there twice."""
    rows = await fetch(database, "SELECT id, session_id FROM conversion_events")
    stored = {row["id"]: row["session_id"] for row in rows}
    assert len(rows) == len(stored)
    return stored


async def assert_funnel_fits(database: str) -> None:
    """The funnel's rows are those that the events give."""
    expected = await fetch(database, load_query("funnel_from_events"))
    assert expected
    columns = ", ".join(expected[0])
    actual = await fetch(database, f"SELECT {columns} FROM conversion_funnel ORDER BY session_id")
    assert actual == expected
