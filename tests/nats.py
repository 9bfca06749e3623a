"""The queue of a test's own: a real cluster, with its streams made."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import nats
from nats.aio.client import Client

from collector.queue.command import prepare_queue
from collector.settings import Settings
from local.nats import NatsCluster, run_nats

# Small and quick, for tests.
LIMITS: dict[str, object] = {
    "queue_stream_max_bytes": 64 * 1_048_576,
    "queue_timeout_seconds": 1,
    "queue_takeover_seconds": 2,
}


def queue_settings(cluster: NatsCluster, database: str, **more: object) -> Settings:
    """The settings of a process that uses the queue."""
    values = {"database_url": database, "queue_url": cluster.url, **LIMITS, **more}
    return Settings.model_validate(values)


def as_environment(cluster: NatsCluster, **more: object) -> dict[str, str]:
    """The same as a process of its own reads them."""
    values = {"queue_url": cluster.url, **LIMITS, **more}
    return {f"CT_{name.upper()}": str(value) for name, value in values.items()}


@contextmanager
def run_queue(**more: object) -> Iterator[NatsCluster]:
    """A cluster with its streams, for as long as the block runs."""
    with (
        tempfile.TemporaryDirectory(prefix="ct-") as folder,
        run_nats(Path(folder)) as cluster,
    ):
        settings = queue_settings(cluster, "postgresql://nowhere", **more)
        with ThreadPoolExecutor(1) as beside_the_loop_of_a_test:
            beside_the_loop_of_a_test.submit(
                lambda: asyncio.run(prepare_queue(settings, print))
            ).result()
        yield cluster


@asynccontextmanager
async def connected(cluster: NatsCluster) -> AsyncIterator[Client]:
    """A connection of the test's own."""
    client = await nats.connect(cluster.url.split(","))
    try:
        yield client
    finally:
        await client.close()
