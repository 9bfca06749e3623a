"""The queue before Postgres: servers, consumers and Postgres fail, and nothing promised is lost."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from local.postgres import database_url, pg_ctl, start_again
from tests.faults.conftest import Extent
from tests.faults.postgres_faults import table_locked
from tests.faults.queued_system import QueuedSystem, asking, run_queued_system
from tests.faults.sender import TRACK, stored_events
from tests.own_postgres import MIGRATED, run_copy
from tests.support import empty_tables, execute, fetch
from tests.waiting import eventually, until

PARTITIONS = 17


@pytest.fixture(scope="module")
def whole(cluster: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[QueuedSystem]:
    """All of it. It takes long to start, and each test leaves it as it should be."""
    with run_copy(cluster) as postgres:
        database = database_url(postgres, MIGRATED)
        with run_queued_system(tmp_path_factory.mktemp("queued"), postgres, database) as running:
            yield running


@pytest.fixture
async def system(whole: QueuedSystem) -> QueuedSystem:
    """The same, with each part at work and without events."""
    for process in (*whole.collectors, *whole.consumers):
        await asyncio.to_thread(process.start_if_ended)
    await until(whole.is_empty)
    await empty_tables(whole.database)
    return whole


def held(system: QueuedSystem) -> list[float]:
    """How many partitions each consumer holds."""
    return [process.metric("ct_consumer_partitions") for process in system.consumers]


async def test_the_leader_of_the_stream_is_killed(system: QueuedSystem, extent: Extent) -> None:
    async with system.under_load() as sender:
        for _ in range(extent.kills_of_leader):
            leader = await system.leader()
            leader.signal(signal.SIGKILL)
            await sender.wait_for(202, 300)
            leader.start()
            await asyncio.to_thread(leader.wait)
            await sender.wait_for(202, 300)


async def test_a_server_loses_its_disk_and_joins_again(system: QueuedSystem) -> None:
    async with system.under_load() as sender:
        server = system.cluster.servers[0]
        server.signal(signal.SIGKILL)
        server.wipe()
        await sender.wait_for(202, 100)
        server.start()
        await asyncio.to_thread(server.wait)
        await sender.wait_for(202, 300)


async def test_without_a_majority_events_go_to_the_spool_and_then_by_the_lane_of_replays(
    system: QueuedSystem,
) -> None:
    async with system.under_load() as sender:
        for server in system.cluster.servers[:2]:
            server.signal(signal.SIGKILL)
        await eventually(lambda: spooled(system) > 100)
        await sender.wait_for(202, 100)
        for server in system.cluster.servers[:2]:
            server.start()
        await eventually(lambda: spooled(system) == 0)
    assert sender.answers.keys() <= {202, 503}


def spooled(system: QueuedSystem) -> float:
    """Events on the collectors' disks."""
    return sum(process.metric("ct_spool_events") for process in system.collectors)


async def test_a_consumer_dies_and_the_other_takes_over(system: QueuedSystem) -> None:
    await eventually(lambda: sorted(held(system)) == [8, 9])
    first, second = system.consumers
    async with system.under_load() as sender:
        first.kill()
        await eventually(lambda: second.metric("ct_consumer_partitions") == PARTITIONS)
        await sender.wait_for(202, 100)
        await asyncio.to_thread(first.start)
        await eventually(lambda: sorted(held(system)) == [8, 9])
        assert await asyncio.to_thread(first.signal, signal.SIGTERM) == 0
        await eventually(lambda: second.metric("ct_consumer_partitions") == PARTITIONS)
        await sender.wait_for(202, 100)


async def test_a_consumer_that_dies_between_commit_and_acknowledgement_stores_nothing_twice(
    system: QueuedSystem,
) -> None:
    async with system.under_load():
        async with table_locked(system.database, "SHARE"):  # it is read, and not written
            await until(lambda: waits_for_the_lock(system.database))
            for process in system.consumers:
                process.send(signal.SIGSTOP)
        # Postgres commits now what consumers have sent, and they do not know.
        await until(lambda: is_stored(system.database))
        for process in system.consumers:
            process.kill()
            await asyncio.to_thread(process.start)
    assert count(system, "duplicate") > 0


async def waits_for_the_lock(database: str) -> bool:
    """Whether a consumer's statement waits."""
    return bool(
        await fetch(database, "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    )


async def is_stored(database: str) -> bool:
    """Whether any event is committed."""
    return bool(await fetch(database, "SELECT FROM conversion_events LIMIT 1"))


def count(system: QueuedSystem, result: str) -> float:
    """Events that consumers have counted with this result."""
    name = "ct_consumer_events_total"
    return sum(process.labelled(name, result=result) for process in system.consumers)


async def test_the_queue_grows_while_postgres_is_away_and_is_caught_up_beside_live_events(
    system: QueuedSystem, extent: Extent
) -> None:
    async with system.under_load(connections=2) as sender:
        await asyncio.to_thread(pg_ctl, system.postgres, "-m", "fast", "stop")
        stopped_at = time.monotonic()
        while time.monotonic() - stopped_at < extent.queued_outage_seconds:
            await sender.wait_for(202, 50)
        assert await system.waiting() >= sender.answers[202] - 1_000  # some were stored before
        assert oldest_seconds(system) > extent.queued_outage_seconds / 2
        assert spooled(system) == 0
        await asyncio.to_thread(start_again, system.postgres)
        await eventually(lambda: oldest_seconds(system) < 1)
        await sender.wait_for(202, 50)
    assert set(sender.answers) == {202}
    await eventually(lambda: oldest_seconds(system) == 0)


def oldest_seconds(system: QueuedSystem) -> float:
    """What the alert looks at."""
    return max(max(c.samples("ct_consumer_oldest_seconds")) for c in system.consumers)


async def test_a_full_queue_sends_events_to_the_spool(system: QueuedSystem) -> None:
    await system.change_stream(max_bytes=100_000)
    for process in system.consumers:
        process.kill()
    async with system.under_load():
        await eventually(lambda: spooled(system) > 0)
        for process in system.consumers:
            await asyncio.to_thread(process.start)
    await system.change_stream(max_bytes=64 * 1_048_576)


async def test_what_the_servers_have_forgotten_postgres_knows(system: QueuedSystem) -> None:
    await system.change_stream(duplicate_window=0.1)
    async with system.under_load() as sender:
        pass
    await until(system.is_empty)  # what was sent twice is counted by then, or soon after
    before = count(system, "duplicate")
    event, session = next(iter(sender.promised.items()))
    assert await send(system, event_id=str(event), session_id=session) == 202
    await eventually(lambda: count(system, "duplicate") > before)
    await until(system.is_empty)
    assert await stored_events(system.database) == sender.promised
    await system.change_stream(duplicate_window=120)


async def send(system: QueuedSystem, **fields: str) -> int:
    """Send one event; the status of the answer."""
    event = {"event_type": "page_view", "event_name": "Event", **fields}
    async with (
        aiohttp.ClientSession() as client,
        client.post(system.collectors[0].url + TRACK, json=event) as answer,
    ):
        return answer.status


async def test_what_can_never_be_stored_is_kept_among_the_rejects(system: QueuedSystem) -> None:
    rule = "ALTER TABLE conversion_events {} CONSTRAINT never_bad"
    await execute(system.database, rule.format("ADD") + " CHECK (session_id <> 'bad')")
    async with system.under_load() as sender:
        async with asking(system.cluster) as jetstream:
            await jetstream.publish("ct.events.3", b"no event")
        assert await send(system, session_id="bad") == 202
        await until(lambda: has_rejects(system.database, 2))
        await sender.wait_for(202, 50)
    await execute(system.database, rule.format("DROP"))
    rows = await fetch(system.database, "SELECT message FROM rejected_events")
    refused, unreadable = sorted(row["message"] for row in rows)
    assert "sqlstate 23514" in refused
    assert unreadable.startswith("unreadable: ")


async def has_rejects(database: str, wanted: int) -> bool:
    """Whether so many were kept."""
    return len(await fetch(database, "SELECT FROM rejected_events")) == wanted
