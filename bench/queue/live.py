"""Live events at a steady rate, and when their rows are there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import aiohttp

from bench.collector.database import connect
from bench.collector.traffic import TRACK
from collector.sql import load_query

PROMISED = {200, 202}
# How exactly it is known when a row is there.
LOOK_SECONDS = 0.002
TIMEOUT_SECONDS = 30.0


@dataclass(slots=True)
class Live:
    """What a steady sender has seen. Times are in seconds."""

    answer_seconds: list[float] = field(default_factory=list)
    answered_at: dict[UUID, float] = field(default_factory=dict)
    refused: int = 0

    async def send(self, client: aiohttp.ClientSession, url: str) -> None:
        """One event, of a session of its own."""
        event_id = uuid4()
        body = {
            "event_id": str(event_id),
            "session_id": event_id.hex,
            "event_type": "page_view",
            "event_name": "Page",
            "page_url": "https://www.ainative.studio/pricing?utm_source=google&utm_medium=cpc",
        }
        began = time.monotonic()
        async with client.post(url + TRACK, json=body) as answer:
            await answer.read()
        now = time.monotonic()
        self.answer_seconds.append(now - began)
        if answer.status in PROMISED:
            self.answered_at[event_id] = now
        else:
            self.refused += 1


@asynccontextmanager
async def sending(url: str, rate: float) -> AsyncIterator[Live]:
    """So many events a second, whatever the answers take, until the block ends."""
    live = Live()
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with (
        aiohttp.ClientSession(timeout=timeout) as client,
        asyncio.TaskGroup() as group,
    ):
        sender = group.create_task(send_steadily(live, client, url, rate, group))
        try:
            yield live
        finally:
            sender.cancel()


async def send_steadily(
    live: Live, client: aiohttp.ClientSession, url: str, rate: float, group: asyncio.TaskGroup
) -> None:
    """Begin an event whenever its time has come, until cancelled."""
    began, number = time.monotonic(), 0
    while True:
        await asyncio.sleep(max(began + number / rate - time.monotonic(), 0))
        group.create_task(live.send(client, url))
        number += 1


async def watch_rows(database: str, live: Live, seconds: float) -> Sequence[float]:
    """For so long, how long after its answer each event's row was there, in seconds."""
    delays: list[float] = []
    seen: set[UUID] = set()
    query, until = load_query("stored_ids"), time.monotonic() + seconds
    async with connect(database) as connection:
        while time.monotonic() < until:
            wanted = list(live.answered_at.keys() - seen)
            sessions = [event_id.hex for event_id in wanted]
            stored = [row["id"] for row in await connection.fetch(query, sessions, wanted)]
            now = time.monotonic()
            delays += [now - live.answered_at[event_id] for event_id in stored]
            seen.update(stored)
            await asyncio.sleep(LOOK_SECONDS)
    return delays
