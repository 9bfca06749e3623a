"""Postgres goes away and comes back while events arrive."""

import asyncio
import contextlib
from uuid import uuid4

import aiohttp
import pytest

from collector.postgres.migrate import migrate
from local.postgres import PostgresServer, database_url, pg_ctl, start_again
from tests.support import Collector, run_collector
from tests.waiting import eventually


async def send_until_safe(collector: Collector, event_id: str, statuses: set[int]) -> None:
    """Send an event again until it is safe, as a tracker does."""
    while True:
        with contextlib.suppress(aiohttp.ClientError):
            status, _ = await collector.track(event_id=event_id, session_id=f"session {event_id}")
            statuses.add(status)
            if status in (200, 202):
                return
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_in_the_middle_of_traffic_loses_no_event_that_is_sent_again(
    own_postgres: PostgresServer, mode: str
) -> None:
    url = database_url(own_postgres)
    await migrate(url)
    statuses: set[int] = set()
    ids = [str(uuid4()) for _ in range(400)]
    async with run_collector(url, database_timeout_seconds=2) as collector:
        traffic = [asyncio.create_task(send_many(collector, ids[n::8], statuses)) for n in range(8)]
        await eventually(lambda: len(statuses) > 0)
        await asyncio.to_thread(pg_ctl, own_postgres, "-m", mode, "stop")
        status, answer = await collector.track()
        assert status == 202
        ids.append(answer["event_id"])
        await asyncio.to_thread(start_again, own_postgres)
        await asyncio.gather(*traffic)
        await until_all_are_stored(collector, ids)
        assert len(await collector.funnels()) == len(ids)
    assert statuses == {200, 202}


async def until_all_are_stored(collector: Collector, ids: list[str]) -> None:
    """Wait for the replay; each id must be there once."""
    async with asyncio.timeout(30):
        expected = sorted(ids)
        while sorted([str(e["id"]) for e in await collector.events()]) != expected:  # noqa: ASYNC110  # a replay is awaited
            await asyncio.sleep(0.1)


async def send_many(collector: Collector, ids: list[str], statuses: set[int]) -> None:
    """One tracker's events, one after the other."""
    for event_id in ids:
        await send_until_safe(collector, event_id, statuses)


async def test_a_collector_that_starts_before_postgres_finds_it(
    own_postgres: PostgresServer,
) -> None:
    url = database_url(own_postgres)
    async with run_collector(url) as collector:
        status, answer = await collector.track()
        assert status == 202  # no tables yet: the migration comes later
        await migrate(url)
        await until_all_are_stored(collector, [answer["event_id"]])
        assert (await collector.track())[0] == 200
