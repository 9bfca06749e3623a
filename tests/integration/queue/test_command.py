"""The command `queue` makes the streams, and refuses servers that would lose events."""

from pathlib import Path
from typing import Any

import pytest

from collector.queue.command import prepare_queue
from collector.queue.errors import QueueError
from local.nats import NatsCluster, run_nats
from tests.nats import connected, queue_settings

NOWHERE = "postgresql://nowhere"


async def prepare(cluster: NatsCluster, **more: object) -> list[str]:
    """What the command says."""
    lines: list[str] = []
    await prepare_queue(queue_settings(cluster, NOWHERE, **more), lines.append)
    return lines


async def config_of(cluster: NatsCluster, stream: str) -> Any:
    """How a stream is set."""
    async with connected(cluster) as client:
        return (await client.jetstream().stream_info(stream)).config


async def test_the_streams_are_on_three_servers_and_refuse_what_is_too_much(
    queue: NatsCluster,
) -> None:
    said = await prepare(queue, queue_system_url=queue.system_url)
    assert said[0] == "nats-1, nats-2, nats-3: sync what they acknowledge"
    for stream in ("CT_EVENTS", "CT_REPLAYS"):
        config = await config_of(queue, stream)
        assert (config.num_replicas, config.discard, config.retention) == (3, "new", "workqueue")


async def test_a_second_run_brings_the_streams_to_the_settings(queue: NatsCluster) -> None:
    await prepare(queue, queue_stream_max_bytes=32 * 1_048_576)
    assert (await config_of(queue, "CT_EVENTS")).max_bytes == 32 * 1_048_576
    await prepare(queue)
    assert (await config_of(queue, "CT_EVENTS")).max_bytes == 64 * 1_048_576


async def test_what_was_not_looked_at_is_said(queue: NatsCluster) -> None:
    assert (await prepare(queue))[0].startswith("not checked: whether the servers sync")


async def test_fewer_copies_are_taken_where_the_settings_say_so(queue: NatsCluster) -> None:
    with pytest.raises(QueueError, match="cannot keep 5 copies of the stream CT_EVENTS"):
        await prepare(queue, queue_replicas=5)


async def test_more_than_the_disks_hold_is_refused(queue: NatsCluster) -> None:
    with pytest.raises(QueueError, match="no room for 1099511627776 bytes"):
        await prepare(queue, queue_stream_max_bytes=2**40)


async def test_lazy_servers_are_refused(tmp_path: Path) -> None:
    with run_nats(tmp_path, sync_interval="2m") as lazy:
        with pytest.raises(QueueError, match="nats-1 every 120 s"):
            await prepare(lazy, queue_system_url=lazy.system_url)
        said = await prepare(lazy, queue_system_url=lazy.system_url, queue_lazy_sync="accept")
        assert said[0].startswith("warning: servers that acknowledge before they sync")


async def test_servers_that_are_not_there_are_a_clear_line(tmp_path: Path) -> None:
    with run_nats(tmp_path, count=3) as cluster:
        gone = cluster
    with pytest.raises(QueueError, match="CT_QUEUE_URL cannot be used: ConnectionRefusedError"):
        await prepare(gone)
    with pytest.raises(QueueError, match="CT_QUEUE_SYSTEM_URL cannot be asked"):
        await prepare(gone, queue_system_url=gone.system_url)
