"""Postgres stops, dies, hangs, or has no room: tracking goes on, and nothing promised is lost."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from local.postgres import PostgresServer, pg_ctl, start_again
from tests.faults.collector_process import collector
from tests.faults.conftest import Extent
from tests.faults.postgres_faults import (
    connections_used_up,
    disk_full,
    event_held,
    hanging,
    kill_9,
    table_locked,
)
from tests.faults.sender import (
    Sender,
    assert_funnel_fits,
    assert_kept,
    sending,
    stored_events,
)
from tests.processes import pausing
from tests.support import execute
from tests.waiting import eventually


async def assert_tracking_goes_on(sender: Sender, seconds: float) -> None:
    """During an outage events are taken, and at no worse a pace at its end."""
    await sender.wait_for(202, 50)
    await asyncio.sleep(seconds)
    await sender.wait_for(202, 50)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_postgres_is_stopped_for_a_while(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str, extent: Extent, mode: str
) -> None:
    with collector(tmp_path, own_database) as process:
        async with sending(process.url) as sender:
            await sender.wait_for(200, 50)
            await asyncio.to_thread(pg_ctl, own_postgres, "-m", mode, "stop")
            await assert_tracking_goes_on(sender, extent.outage_seconds)
            await asyncio.to_thread(start_again, own_postgres)
            await sender.wait_for(200, 50)
        await process.wait_until_drained()
        await assert_kept(own_database, sender.promised)
        assert set(sender.answers) == {200, 202}


async def test_postgres_is_killed(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str
) -> None:
    with collector(tmp_path, own_database) as process:
        async with sending(process.url) as sender:
            await sender.wait_for(200, 50)
            kill_9(own_postgres)
            await assert_tracking_goes_on(sender, 0.2)
            await asyncio.to_thread(start_again, own_postgres)
            await sender.wait_for(200, 50)
        await process.wait_until_drained()
        await assert_kept(own_database, sender.promised)
        assert set(sender.answers) == {200, 202}


async def test_postgres_is_restarted_while_a_replay_runs(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str
) -> None:
    with collector(tmp_path, own_database) as process:
        async with sending(process.url, connections=16) as sender:
            await sender.wait_for(200, 50)
            await asyncio.to_thread(pg_ctl, own_postgres, "-m", "fast", "stop")
            await sender.wait_for(202, 600)
            last = list(sender.promised)[-1]
            async with AsyncExitStack() as held:
                # So that it cannot replay the event before that is held.
                with pausing([process.pid]):
                    await asyncio.to_thread(start_again, own_postgres)
                    holding = event_held(own_database, sender.promised[last], last)
                    await held.enter_async_context(holding)
                await eventually(lambda: process.metric("ct_replayed_events_total") > 0)
                assert await asyncio.to_thread(process.metric, "ct_spool_events") > 0
                await asyncio.to_thread(pg_ctl, own_postgres, "-m", "immediate", "stop")
            await asyncio.to_thread(start_again, own_postgres)
        await process.wait_until_drained()
        await assert_kept(own_database, sender.promised)
        assert set(sender.answers) == {200, 202}


async def test_postgres_accepts_connections_and_hangs(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str, extent: Extent
) -> None:
    with collector(tmp_path, own_database) as process:
        async with sending(process.url) as sender:
            await sender.wait_for(200, 50)
            with hanging(own_postgres):
                await assert_tracking_goes_on(sender, extent.outage_seconds)
            await sender.wait_for(200, 50)
        await process.wait_until_drained()
        await assert_kept(own_database, sender.promised)
        assert set(sender.answers) == {200, 202}


async def test_all_connections_are_used_up(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str
) -> None:
    with collector(tmp_path, own_database) as process:
        async with sending(process.url) as sender:
            await sender.wait_for(200, 50)
            async with connections_used_up(own_postgres, process.pid):
                await assert_tracking_goes_on(sender, 0.2)
            await sender.wait_for(200, 50)
        await process.wait_until_drained()
        await assert_kept(own_database, sender.promised)
        assert set(sender.answers) == {200, 202}


async def test_the_table_is_locked(tmp_path: Path, own_database: str, extent: Extent) -> None:
    with collector(tmp_path, own_database) as process:
        async with sending(process.url) as sender:
            await sender.wait_for(200, 50)
            async with table_locked(own_database):
                await assert_tracking_goes_on(sender, extent.lock_seconds)
            await sender.wait_for(200, 50)
        await process.wait_until_drained()
        await assert_kept(own_database, sender.promised)
        assert set(sender.answers) == {200, 202}


async def test_the_disk_of_postgres_is_full(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str
) -> None:
    with collector(tmp_path, own_database) as process:
        async with sending(process.url) as sender:
            await sender.wait_for(200, 50)
            async with disk_full(own_postgres, own_database):
                await eventually(lambda: "File too large" in process.log.read_text())
                await assert_tracking_goes_on(sender, 0.2)
            await sender.wait_for(200, 50)
        await process.wait_until_drained()
        await assert_kept(own_database, sender.promised)
        assert set(sender.answers) == {200, 202}


async def test_a_row_that_postgres_refuses_waits_in_the_spool(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str
) -> None:
    """As after an incompatible change of the tables: the rest is replayed, the row is kept."""
    await execute(
        own_database, "ALTER TABLE conversion_events ADD CHECK (session_id NOT LIKE '%7')"
    )
    with collector(tmp_path, own_database) as process:
        async with sending(process.url) as sender:
            await asyncio.to_thread(pg_ctl, own_postgres, "-m", "fast", "stop")
            await sender.wait_for(202, 400)
        await asyncio.to_thread(start_again, own_postgres)
        await process.wait_until_drained()
        refused = await asyncio.to_thread(process.metric, "ct_spool_refused_events")
    stored = await stored_events(own_database)
    missing = [session for event, session in sender.promised.items() if event not in stored]
    assert len(missing) == refused > 0
    assert all(session.endswith("7") for session in missing)
    await assert_funnel_fits(own_database)
