"""A primary with a synchronous standby: what was answered is on both, whichever is lost."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import pytest

from local.postgres import PostgresServer, database_url, pg_ctl, start_again
from tests.faults.collector_process import CollectorProcess, collector
from tests.faults.conftest import Extent
from tests.faults.postgres_faults import kill_9
from tests.faults.queued_system import run_queued_system
from tests.faults.sender import TRACK, Sender, assert_kept, sending, stored_events
from tests.integration.test_cli import run
from tests.own_postgres import MIGRATED, send
from tests.standby import both, is_synchronous, promote, run_standby, wait_for_standby
from tests.support import fetch
from tests.waiting import eventually, until


@dataclass(frozen=True)
class Pair:
    """Two servers, and a collector that knows both."""

    primary: PostgresServer
    standby: PostgresServer
    process: CollectorProcess


@pytest.fixture
def standby(own_postgres: PostgresServer) -> Iterator[PostgresServer]:
    """The second server."""
    with run_standby(own_postgres) as server:
        yield server


@pytest.fixture
async def pair(
    tmp_path: Path, own_postgres: PostgresServer, standby: PostgresServer
) -> AsyncIterator[Pair]:
    """Both, in step."""
    await wait_for_standby(own_postgres)
    with collector(tmp_path, both(own_postgres, standby)) as process:
        yield Pair(own_postgres, standby, process)


async def go_on_with_the_standby(pair: Pair, sender: Sender) -> None:
    """Fail over, and see that events are stored there."""
    await asyncio.to_thread(promote, pair.standby)
    await sender.wait_for(200, 200)


async def assert_on_the_standby(pair: Pair, sender: Sender) -> None:
    """All that was promised is there once, with its funnel."""
    await pair.process.wait_until_drained()
    await assert_kept(database_url(pair.standby, MIGRATED), sender.promised)


async def test_the_primary_is_killed_and_the_standby_has_all_that_was_answered(pair: Pair) -> None:
    async with sending(pair.process.url, connections=16) as sender:
        await sender.wait_for(200, 500)
        await asyncio.to_thread(kill_9, pair.primary)
        await go_on_with_the_standby(pair, sender)
    await assert_on_the_standby(pair, sender)


async def test_a_primary_that_hangs_does_not_hide_the_standby(pair: Pair) -> None:
    """As one whose machine is gone from the network: it refuses nothing, and answers nothing."""
    async with sending(pair.process.url) as sender:
        await sender.wait_for(200, 100)
        send(pair.primary, signal.SIGSTOP)
        await sender.wait_for(202, 50)
        await go_on_with_the_standby(pair, sender)
    await assert_on_the_standby(pair, sender)


async def test_while_the_standby_is_away_events_wait_on_disk(pair: Pair) -> None:
    async with sending(pair.process.url) as sender:
        await sender.wait_for(200, 100)
        await asyncio.to_thread(pg_ctl, pair.standby, "-m", "fast", "stop")
        await sender.wait_for(202, 100)
        await asyncio.to_thread(start_again, pair.standby)
        await until(lambda: is_synchronous(database_url(pair.primary)))
        await sender.wait_for(200, 200)
    await pair.process.wait_until_drained()
    await assert_kept(database_url(pair.primary, MIGRATED), sender.promised)


async def test_what_the_primary_alone_has_stays_in_the_spool(pair: Pair) -> None:
    """It was answered 202, since the standby does not have it: a primary that starts again has it
    all the same, and waits for nobody any more."""
    await asyncio.to_thread(pg_ctl, pair.standby, "-m", "fast", "stop")
    event = uuid4()
    assert await track(pair.process, event) == 202
    await asyncio.to_thread(kill_9, pair.primary)
    await asyncio.to_thread(start_again, pair.primary)
    assert event in await stored_events(database_url(pair.primary, MIGRATED))
    tries = waits_in_vain(pair.process)
    await eventually(lambda: waits_in_vain(pair.process) > tries + 1)
    assert pair.process.metric("ct_spool_events") == 1
    await asyncio.to_thread(kill_9, pair.primary)
    await asyncio.to_thread(start_again, pair.standby)
    await asyncio.to_thread(promote, pair.standby)
    await pair.process.wait_until_drained()
    assert set(await stored_events(database_url(pair.standby, MIGRATED))) == {event}


async def track(process: CollectorProcess, event: UUID) -> int:
    """Send one event; the status of the answer."""
    body = {"event_id": str(event), "session_id": "s", "event_type": "x", "event_name": "x"}
    async with (
        aiohttp.ClientSession() as client,
        client.post(process.url + TRACK, json=body) as answer,
    ):
        return answer.status


def waits_in_vain(process: CollectorProcess) -> int:
    """How often a commit was waited for, for as long as the collector waits."""
    return process.log.read_text().count("Postgres cannot be used now: TimeoutError")


async def test_behind_a_queue_the_primary_is_killed_and_consumers_go_on_with_the_standby(
    tmp_path: Path, own_postgres: PostgresServer, standby: PostgresServer, extent: Extent
) -> None:
    """Nobody is told that Postgres is away: the queue grows until the standby is promoted."""
    await wait_for_standby(own_postgres)
    with run_queued_system(tmp_path, own_postgres, both(own_postgres, standby)) as system:
        async with system.under_load() as sender:
            await until(lambda: has_events(own_postgres))
            await asyncio.to_thread(kill_9, own_postgres)
            killed_at = time.monotonic()
            while time.monotonic() - killed_at < extent.queued_outage_seconds:
                await sender.wait_for(202, 50)
            await asyncio.to_thread(promote, standby)
            answered = sender.answers[202]
            await until(lambda: has_events(standby, answered))
        assert set(sender.answers) == {202}
    await assert_kept(database_url(standby, MIGRATED), sender.promised)


async def has_events(server: PostgresServer, wanted: int = 1) -> bool:
    """Whether a server has so many events."""
    query = f"SELECT FROM conversion_events LIMIT {wanted}"
    return len(await fetch(database_url(server, MIGRATED), query)) == wanted


def test_the_doctor_looks_at_the_server_that_takes_writes(
    own_postgres: PostgresServer, standby: PostgresServer
) -> None:
    """The standby is named first, and would be a replica that stores nothing; the URL does not say
    that writes are wanted."""
    url = both(standby, own_postgres).partition("&target_session_attrs")[0]
    done = run("doctor", "--json", CT_DATABASE_URL=url)
    found = {one["check"]: one["status"] for one in json.loads(done.stdout)["checks"]}
    assert found["database.answers"] == found["database.version"] == "ok", done.stdout
