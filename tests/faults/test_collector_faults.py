"""The collector is killed, stopped, doubled, and loses its disk: nothing promised is lost."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
from functools import partial
from pathlib import Path
from uuid import UUID

from local.postgres import PostgresServer, pg_ctl, start_again
from tests.faults.collector_process import PATIENT, CollectorProcess, collector
from tests.faults.conftest import Extent
from tests.faults.sender import assert_kept, sending
from tests.processes import children_of, is_running, pausing
from tests.waiting import eventually


async def test_kill_9_at_random_moments(tmp_path: Path, own_database: str, extent: Extent) -> None:
    chosen = random.Random(9)
    with collector(tmp_path, own_database) as process:
        async with sending(process.url) as sender:
            await sender.wait_for(200, 50)
            for _ in range(extent.kills):
                await asyncio.sleep(chosen.uniform(0.05, 0.5))
                process.kill()
                await asyncio.to_thread(process.start)
        await process.wait_until_drained()
        await assert_kept(own_database, sender.promised)


async def test_kill_9_while_postgres_is_away(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str
) -> None:
    with collector(tmp_path, own_database) as process:
        async with sending(process.url) as sender:
            await sender.wait_for(200, 50)
            await asyncio.to_thread(pg_ctl, own_postgres, "-m", "immediate", "stop")
            await sender.wait_for(202, 50)
            process.kill()
            await asyncio.to_thread(process.start)
            await sender.wait_for(202, 50)
            process.kill()
            await asyncio.to_thread(start_again, own_postgres)
            await asyncio.to_thread(process.start)
            await sender.wait_for(200, 50)
        await process.wait_until_drained()
        await assert_kept(own_database, sender.promised)


async def test_sigterm_under_load_and_a_new_collector(tmp_path: Path, own_database: str) -> None:
    with collector(tmp_path, own_database) as process:
        async with sending(process.url) as sender:
            for _ in range(2):
                await sender.wait_for(200, 100)
                assert await asyncio.to_thread(process.signal, signal.SIGTERM) == 0
                await asyncio.to_thread(process.start)
        await process.wait_until_drained()
        await assert_kept(own_database, sender.promised)


async def test_a_rolling_restart_of_workers_answers_every_request(
    tmp_path: Path, own_database: str
) -> None:
    with collector(tmp_path, own_database, "--workers", "2", **PATIENT) as process:
        await eventually(lambda: process.metric("ct_worker_up") == 2)
        async with sending(process.url) as sender:
            for worker in children_of(process.pid):
                await sender.wait_for(200, 100)
                os.kill(worker, signal.SIGTERM)
                await eventually(partial(is_replaced, process, worker))
        await process.wait_until_drained()
        await assert_kept(own_database, sender.promised)
        assert set(sender.answers) == {200}


def is_replaced(process: CollectorProcess, worker: int) -> bool:
    """Whether another process has taken this worker's place."""
    return worker not in children_of(process.pid) and process.metric("ct_worker_up") == 2


async def test_sigterm_while_postgres_is_away(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str
) -> None:
    with collector(tmp_path, own_database) as process:
        async with sending(process.url) as sender:
            await sender.wait_for(200, 50)
            await asyncio.to_thread(pg_ctl, own_postgres, "-m", "fast", "stop")
            assert await asyncio.to_thread(process.signal, signal.SIGTERM) == 0
            await asyncio.to_thread(start_again, own_postgres)
            await asyncio.to_thread(process.start)
        await process.wait_until_drained()
        await assert_kept(own_database, sender.promised)


async def test_fewer_workers_drain_what_the_others_left(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str
) -> None:
    with collector(tmp_path, own_database, "--workers", "3") as three:
        await eventually(lambda: three.metric("ct_worker_up") == 3)
        await asyncio.to_thread(pg_ctl, own_postgres, "-m", "fast", "stop")
        workers = children_of(three.pid)
        promised: dict[UUID, str] = {}
        for number, worker in enumerate(workers):
            # The others are paused: so this one has the connections, whatever the kernel prefers.
            with pausing([other for other in workers if other != worker]):
                async with sending(three.url, seed=number) as sender:
                    await sender.wait_for(202, 50)
            promised |= sender.promised
        await eventually(lambda: spools_with_events(three) == 3)
        three.kill()
        await eventually(lambda: not any(map(is_running, workers)))
    await asyncio.to_thread(start_again, own_postgres)
    with collector(tmp_path, own_database, **PATIENT) as alone:
        await eventually(lambda: alone.metric("ct_replayed_events_total") >= len(promised))
        await assert_kept(own_database, promised)


def spools_with_events(process: CollectorProcess) -> int:
    """In how many workers' spools events wait."""
    return sum(depth > 0 for depth in process.samples("ct_spool_events"))


async def test_two_collectors_on_one_database_that_get_the_same_events(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str
) -> None:
    with (
        collector(tmp_path, own_database) as first,
        collector(tmp_path, own_database) as second,
    ):
        async with sending(first.url, second.url) as sender:
            await sender.wait_for(200, 200)
            first.kill()
            await sender.wait_for(200, 100)
            await asyncio.to_thread(first.start)
            await asyncio.to_thread(pg_ctl, own_postgres, "-m", "fast", "restart")
            await sender.wait_for(200, 100)
        await first.wait_until_drained()
        await second.wait_until_drained()
        await assert_kept(own_database, sender.promised)


async def test_a_full_disk_while_postgres_is_away(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str
) -> None:
    with collector(tmp_path, own_database) as process:
        async with sending(process.url) as sender:
            await sender.wait_for(200, 50)
            await asyncio.to_thread(pg_ctl, own_postgres, "-m", "fast", "stop")
            await sender.wait_for(202, 20)
            fill_disk(process, tmp_path)
            await sender.wait_for(503, 50)
            await asyncio.to_thread(start_again, own_postgres)
            await sender.wait_for(200, 50)
            free_disk(process)
        await process.wait_until_drained()
        await assert_kept(own_database, sender.promised)


def fill_disk(process: CollectorProcess, folder: Path) -> None:
    """The kernel lets no file of the collector grow past the largest of its spool."""
    size = max(file.stat().st_size for file in (folder / "spool").iterdir())
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def free_disk(process: CollectorProcess) -> None:
    """There is room again."""
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
