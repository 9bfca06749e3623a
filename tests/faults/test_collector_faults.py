"""The collector is killed, stopped, doubled, and loses its disk: nothing promised is lost."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
from functools import partial
from pathlib import Path

from local.postgres import PostgresServer
from tests.faults.collector_process import CollectorProcess, collector
from tests.faults.conftest import Extent
from tests.faults.postgres_faults import children, pg_ctl, start_again
from tests.faults.sender import assert_kept, sending
from tests.faults.waiting import eventually


async def test_kill_9_at_random_moments(tmp_path: Path, weak_database: str, extent: Extent) -> None:
    chosen = random.Random(9)
    with collector(tmp_path, weak_database) as process:
        async with sending(process.url) as sender:
            for _ in range(extent.kills):
                await asyncio.sleep(chosen.uniform(0.05, 0.5))
                process.kill()
                await asyncio.to_thread(process.start)
        await process.wait_until_drained()
        await assert_kept(weak_database, sender.promised)
        assert sender.answers[200] > 0


async def test_kill_9_while_postgres_is_away(
    tmp_path: Path, weak_postgres: PostgresServer, weak_database: str
) -> None:
    with collector(tmp_path, weak_database) as process:
        async with sending(process.url) as sender:
            await sender.wait_for(200, 50)
            await asyncio.to_thread(pg_ctl, weak_postgres, "-m", "immediate", "stop")
            await sender.wait_for(202, 50)
            process.kill()
            await asyncio.to_thread(process.start)
            await sender.wait_for(202, 50)
            process.kill()
            await asyncio.to_thread(start_again, weak_postgres)
            await asyncio.to_thread(process.start)
            await sender.wait_for(200, 50)
        await process.wait_until_drained()
        await assert_kept(weak_database, sender.promised)


async def test_sigterm_under_load_and_a_new_collector(tmp_path: Path, weak_database: str) -> None:
    with collector(tmp_path, weak_database) as process:
        async with sending(process.url) as sender:
            for _ in range(2):
                await sender.wait_for(200, 100)
                assert await asyncio.to_thread(process.signal, signal.SIGTERM) == 0
                await asyncio.to_thread(process.start)
        await process.wait_until_drained()
        await assert_kept(weak_database, sender.promised)


async def test_a_rolling_restart_of_workers_answers_every_request(
    tmp_path: Path, weak_database: str
) -> None:
    with collector(tmp_path, weak_database, "--workers", "2") as process:
        await eventually(lambda: process.metric("ct_worker_up") == 2)
        async with sending(process.url) as sender:
            for worker in children(process.pid):
                await sender.wait_for(200, 100)
                os.kill(worker, signal.SIGTERM)
                await eventually(partial(is_replaced, process, worker))
        await process.wait_until_drained()
        await assert_kept(weak_database, sender.promised)
        assert set(sender.answers) == {200}


def is_replaced(process: CollectorProcess, worker: int) -> bool:
    """Whether another process has taken this worker's place."""
    return worker not in children(process.pid) and process.metric("ct_worker_up") == 2


async def test_sigterm_while_postgres_is_away(
    tmp_path: Path, weak_postgres: PostgresServer, weak_database: str
) -> None:
    with collector(tmp_path, weak_database) as process:
        async with sending(process.url) as sender:
            await sender.wait_for(200, 50)
            await asyncio.to_thread(pg_ctl, weak_postgres, "-m", "fast", "stop")
            assert await asyncio.to_thread(process.signal, signal.SIGTERM) == 0
            await asyncio.to_thread(start_again, weak_postgres)
            await asyncio.to_thread(process.start)
        await process.wait_until_drained()
        await assert_kept(weak_database, sender.promised)


async def test_fewer_workers_drain_what_the_others_left(
    tmp_path: Path, weak_postgres: PostgresServer, weak_database: str
) -> None:
    with collector(tmp_path, weak_database, "--workers", "3") as three:
        await eventually(lambda: three.metric("ct_worker_up") == 3)
        async with sending(three.url, connections=24) as sender:
            await asyncio.to_thread(pg_ctl, weak_postgres, "-m", "fast", "stop")
            await eventually(lambda: all_spools_hold_events(three))
        workers = children(three.pid)
        three.kill()
        await eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    await asyncio.to_thread(start_again, weak_postgres)
    with collector(tmp_path, weak_database) as alone:
        await eventually(lambda: alone.metric("ct_replayed_events_total") >= sender.answers[202])
        await assert_kept(weak_database, sender.promised)


def all_spools_hold_events(process: CollectorProcess) -> bool:
    """Whether each of three workers has events in its spool."""
    return sum(depth > 0 for depth in process.samples("ct_spool_events")) == 3


async def test_two_collectors_on_one_database_that_get_the_same_events(
    tmp_path: Path, weak_postgres: PostgresServer, weak_database: str
) -> None:
    with (
        collector(tmp_path, weak_database) as first,
        collector(tmp_path, weak_database) as second,
    ):
        async with sending(first.url, second.url) as sender:
            await sender.wait_for(200, 200)
            first.kill()
            await sender.wait_for(200, 100)
            await asyncio.to_thread(first.start)
            await asyncio.to_thread(pg_ctl, weak_postgres, "-m", "fast", "restart")
            await sender.wait_for(200, 100)
        await first.wait_until_drained()
        await second.wait_until_drained()
        await assert_kept(weak_database, sender.promised)


async def test_a_full_disk_while_postgres_is_away(
    tmp_path: Path, weak_postgres: PostgresServer, weak_database: str
) -> None:
    with collector(tmp_path, weak_database) as process:
        async with sending(process.url) as sender:
            await sender.wait_for(200, 50)
            await asyncio.to_thread(pg_ctl, weak_postgres, "-m", "fast", "stop")
            await sender.wait_for(202, 20)
            fill_disk(process, tmp_path)
            await sender.wait_for(503, 50)
            await asyncio.to_thread(start_again, weak_postgres)
            await sender.wait_for(200, 50)
            free_disk(process)
        await process.wait_until_drained()
        await assert_kept(weak_database, sender.promised)


def fill_disk(process: CollectorProcess, folder: Path) -> None:
    """The kernel lets no file of the collector grow past the largest of its spool."""
    size = max(file.stat().st_size for file in (folder / "spool").iterdir())
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def free_disk(process: CollectorProcess) -> None:
    """There is room again."""
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
