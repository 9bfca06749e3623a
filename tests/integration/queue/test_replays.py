"""`replay` and `rejects replay` where there is a queue: old events go by a lane of their own."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.errors import InvalidEvent
from collector.rejects.reject import make_reject
from collector.rejects.store import RejectFilter, open_reject_store
from collector.spool.spool import open_spool
from local.nats import NatsCluster
from tests.commands import run
from tests.faults.collector_process import consumer
from tests.integration.rejects.test_rejects import CONTEXT, LEAST
from tests.nats import as_environment, connected, run_queue
from tests.support import execute, fetch
from tests.unit.events import event_row
from tests.waiting import until

NO_LIMIT = 1_000_000_000
NEVER_BAD = "ALTER TABLE conversion_events {} CONSTRAINT never_bad"


@pytest.fixture
async def empty(queue: NatsCluster) -> NatsCluster:
    """The queue, with nothing in it."""
    async with connected(queue) as client:
        for stream in ("CT_EVENTS", "CT_REPLAYS"):
            await client.jetstream().purge_stream(stream)
    return queue


async def waiting(cluster: NatsCluster) -> dict[str, int]:
    """How many events are in each stream."""
    async with connected(cluster) as client:
        jetstream = client.jetstream()
        return {
            stream: (await jetstream.stream_info(stream)).state.messages
            for stream in ("CT_EVENTS", "CT_REPLAYS")
        }


async def is_settled(cluster: NatsCluster) -> bool:
    """Whether consumers have settled all there was."""
    return set((await waiting(cluster)).values()) == {0}


async def command(
    cluster: NatsCluster, database: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """A command, with the queue in its environment."""
    settings = {"CT_DATABASE_URL": database, **as_environment(cluster)}
    return await asyncio.to_thread(run, *arguments, **settings)


async def stored(database: str) -> int:
    """Events in Postgres."""
    [row] = await fetch(database, "SELECT count(*) AS events FROM conversion_events")
    return int(row["events"])


async def depth(folder: Path) -> int:
    """Events that wait in a spool."""
    async with open_spool(folder, "spool-0", NO_LIMIT) as spool:
        return spool.depth


@contextmanager
def consuming(cluster: NatsCluster, folder: Path, database: str) -> Iterator[None]:
    """A consumer for as long as the block runs."""
    with consumer(folder, database, **as_environment(cluster)):
        yield


async def test_a_spool_goes_by_the_lane_of_replays_and_a_consumer_stores_it(
    empty: NatsCluster, tmp_path: Path, database: str
) -> None:
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        await spool.append([event_row(n, session_id=f"s{n}") for n in range(10_000, 10_500)])
    result = await command(empty, database, "replay", "--spool", str(tmp_path))
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"{tmp_path}/spool-0: 500 events wait",
        f"{tmp_path}/spool-0: 500 events replayed, 0 refused",
    ]
    assert await waiting(empty) == {"CT_EVENTS": 0, "CT_REPLAYS": 500}
    assert await stored(database) == 0
    with consuming(empty, tmp_path, database):
        await until(lambda: is_settled(empty))
    assert await stored(database) == 500


async def test_what_the_queue_refuses_stays_in_the_spool(
    empty: NatsCluster, tmp_path: Path, database: str
) -> None:
    large = event_row(10_502, metadata={"text": "x" * 1_100_000})
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        await spool.append([event_row(10_501), large, event_row(10_503)])
    result = await command(empty, database, "replay", "--spool", str(tmp_path))
    assert result.returncode == 0
    assert "2 events replayed, 1 refused" in result.stdout
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        assert (spool.depth, spool.refused) == (0, 1)


async def test_a_damaged_file_goes_to_the_queue_and_is_kept(
    empty: NatsCluster, tmp_path: Path, database: str
) -> None:
    async with open_spool(tmp_path, "spool-1", NO_LIMIT) as spool:
        await spool.append([event_row(n) for n in range(10_600, 10_700)])
        log = spool.path.with_name(f"spool-1.{1:020d}.events")
    log.rename(tmp_path / "spool-1.events.damaged-1")
    (tmp_path / "spool-1.counts").unlink()
    result = await command(empty, database, "replay", "--spool", str(tmp_path))
    assert (result.returncode, result.stderr) == (0, "")
    assert "100 events are read, 100 of them are in the queue, 0 cannot be read" in result.stdout
    assert (await waiting(empty))["CT_REPLAYS"] == 100


async def test_while_the_queue_is_away_or_full_both_commands_keep_everything(
    tmp_path: Path, database: str
) -> None:
    """They say which, and do not go around it to Postgres."""
    await keep_rejects(database, [json.dumps(LEAST).encode()])
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        await spool.append([event_row(n, metadata={"text": "x" * 90_000}) for n in range(1, 31)])
    with run_queue(queue_stream_max_bytes=1_048_576) as cluster:
        full = await command(cluster, database, "replay", "--spool", str(tmp_path))
        for server in cluster.servers:
            server.signal(signal.SIGKILL)
        away = await command(cluster, database, "replay", "--spool", str(tmp_path))
        rejects = await command(cluster, database, "rejects", "replay")
    assert full.returncode == away.returncode == rejects.returncode == 1
    assert "the queue cannot take the events of" in full.stderr
    assert "maximum bytes exceeded" in full.stderr
    assert "the queue at CT_QUEUE_URL cannot be used now" in away.stderr
    assert "the queue at CT_QUEUE_URL cannot be used now" in rejects.stderr
    assert "Traceback" not in full.stderr + away.stderr + rejects.stderr
    assert await depth(tmp_path) == 30
    assert await stored(database) == 0
    assert [row["replayed_at"] for row in await rejected(database)] == [None]


async def keep_rejects(database: str, bodies: Sequence[bytes]) -> None:
    """Rows of rejects, as a collector leaves them."""
    async with open_reject_store(database, 5) as rejects:
        for number, body in enumerate(bodies):
            event_id = event_row(10_900 + number).id
            await rejects.insert([make_reject(InvalidEvent("no"), body, CONTEXT, event_id)])


async def rejected(database: str) -> Sequence[dict[str, object]]:
    """The rows of rejects."""
    return await fetch(database, "SELECT * FROM rejected_events ORDER BY id")


async def test_rejects_go_by_the_lane_of_replays_once(
    empty: NatsCluster, tmp_path: Path, database: str
) -> None:
    valid = [json.dumps({**LEAST, "event_name": f"{n}"}).encode() for n in range(3)]
    await keep_rejects(database, [*valid, b'{"session_id": "s"}'])
    result = await command(empty, database, "rejects", "replay")
    assert (result.returncode, result.stdout) == (0, "1 failed, 3 queued\n")
    assert "event_type must be there" in result.stderr
    assert await waiting(empty) == {"CT_EVENTS": 0, "CT_REPLAYS": 3}
    again = await command(empty, database, "rejects", "replay")
    assert again.stdout == "1 failed\n"
    with consuming(empty, tmp_path, database):
        await until(lambda: is_settled(empty))
    assert await stored(database) == 3


async def test_what_postgres_refuses_behind_the_queue_is_listed_until_it_is_stored(
    empty: NatsCluster, tmp_path: Path, database: str
) -> None:
    await execute(database, NEVER_BAD.format("ADD") + " CHECK (session_id <> 'bad')")
    await keep_rejects(database, [json.dumps({**LEAST, "session_id": "bad"}).encode()])
    assert (await command(empty, database, "rejects", "replay")).stdout == "1 queued\n"
    with consuming(empty, tmp_path, database):
        await until(lambda: is_settled(empty))
        [sent, row] = await rejected(database)
        assert sent["replay_result"] == "queued"
        assert (row["replayed_at"], row["reason"]) == (None, "event_refused")
        assert "never_bad" in str(row["message"])
        assert (await command(empty, database, "rejects", "replay")).stdout == "1 queued\n"
        await until(lambda: is_settled(empty))
        [_, again] = await rejected(database)
        assert (again["id"], again["replayed_at"]) == (row["id"], None)
        await execute(database, NEVER_BAD.format("DROP"))
        # The queue knows the event's id still, and takes it all the same.
        assert (await command(empty, database, "rejects", "replay")).stdout == "1 queued\n"
        await until(lambda: is_settled(empty))
    assert await stored(database) == 1


async def test_a_reject_that_is_refused_again_before_it_is_noted_stays_listed(
    database: str,
) -> None:
    """A consumer may be faster than the command."""
    await keep_rejects(database, [json.dumps(LEAST).encode()])
    async with open_reject_store(database, 5) as rejects:
        [read] = [kept async for kept in rejects.select(RejectFilter())]
        await rejects.insert([read.reject])
        await rejects.mark_replayed(read, "stored")
        [again] = [kept async for kept in rejects.select(RejectFilter())]
        await rejects.mark_replayed(again, "stored")
        assert [kept async for kept in rejects.select(RejectFilter())] == []
