"""The system with a queue, of a test's own: each part may be hurt."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from nats.js import JetStreamContext

from collector.queue.connection import FAILURES
from local.nats import NatsCluster, NatsServer
from local.postgres import PostgresServer
from tests.faults.collector_process import CollectorProcess, ConsumerProcess, collector, consumer
from tests.faults.sender import Sender, assert_kept, sending
from tests.nats import as_environment, connected, run_queue
from tests.waiting import SECONDS, until

EVENTS = "CT_EVENTS"
seeds = itertools.count(1)

STREAMS = (EVENTS, "CT_REPLAYS")


@dataclass(frozen=True)
class QueuedSystem:
    """Three servers of the queue, two collectors, two consumers, a Postgres."""

    cluster: NatsCluster
    postgres: PostgresServer
    database: str
    collectors: Sequence[CollectorProcess]
    consumers: Sequence[ConsumerProcess]

    @asynccontextmanager
    async def under_load(self, connections: int = 8) -> AsyncIterator[Sender]:
        """A sender to both collectors; afterwards, what was promised is in Postgres, once."""
        # Of ids that the queue has not seen: it drops others for two minutes.
        urls = [process.url for process in self.collectors]
        async with sending(*urls, connections=connections, seed=next(seeds)) as sender:
            await sender.wait_for(202, 50)
            yield sender
        for process in self.collectors:
            await process.wait_until_drained()
        await until(self.is_empty)
        await assert_kept(self.database, sender.promised)

    async def is_empty(self) -> bool:
        """Whether every event of the queue is acknowledged; not, while nobody can say."""
        try:
            return [await self.waiting(stream) for stream in STREAMS] == [0, 0]
        except FAILURES:  # such as while a leader is elected
            return False

    async def waiting(self, stream: str = EVENTS) -> int:
        """How many events are in a stream."""
        async with asking(self.cluster) as jetstream:
            return int((await jetstream.stream_info(stream)).state.messages)

    async def change_stream(self, **changes: object) -> None:
        """Change the stream of live events."""
        await self.leader()
        async with asking(self.cluster) as jetstream:
            config = (await jetstream.stream_info(EVENTS)).config
            await jetstream.update_stream(config.evolve(**changes))

    async def leader(self) -> NatsServer:
        """The server that leads the stream of live events, once one does."""
        async with asyncio.timeout(SECONDS):
            while not (name := await self._find_leader()):  # noqa: ASYNC110  # servers are asked
                await asyncio.sleep(0.1)
        return self.cluster.server(name)

    async def _find_leader(self) -> str | None:
        """Its name; None where none leads, or nobody answers meanwhile."""
        async with asking(self.cluster) as jetstream:
            try:
                info = await jetstream.stream_info(EVENTS)
            except FAILURES:
                return None
        return info.cluster.leader if info.cluster else None


@asynccontextmanager
async def asking(cluster: NatsCluster) -> AsyncIterator[JetStreamContext]:
    """A connection of the test's own."""
    async with connected(cluster) as client:
        yield client.jetstream(timeout=10)


@contextmanager
def run_queued_system(
    folder: Path, postgres: PostgresServer, database: str
) -> Iterator[QueuedSystem]:
    """All of it, working."""
    with ExitStack() as stack:
        cluster = stack.enter_context(run_queue())
        settings = as_environment(cluster, database_pool_size=4, database_timeout_seconds=30)
        collectors = [collector(folder, database, **settings) for _ in range(2)]
        consumers = [consumer(folder, database, **settings) for _ in range(2)]
        system = QueuedSystem(
            cluster,
            postgres,
            database,
            [stack.enter_context(process) for process in collectors],
            [stack.enter_context(process) for process in consumers],
        )
        # A collector is ready when it has found the queue.
        for process in system.collectors:
            process.wait_until_ready()
        yield system
