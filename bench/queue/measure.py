"""Events into Postgres, into the queue, and from there into Postgres, one way after the other."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from nats.js import JetStreamContext

from bench.collector.copy_rows import make_events
from bench.collector.database import create_collector_database
from bench.events import generate_events
from bench.processes import Tree
from bench.report import Report
from collector.event_row import EventRow, make_row
from collector.postgres.store import open_store
from collector.queue.connection import connect_once
from collector.queue.lanes import LIVE
from collector.queue.sink import QueueSink
from collector.queue.streams import StreamLimits, make_streams
from collector.sink import Sink
from local.cluster import COMMAND
from local.nats import NatsCluster, run_nats
from local.postgres import PostgresServer, run_postgres

# As a collector's writer does under load: batches of so many, two at a time.
BATCH_EVENTS = 200
IN_FLIGHT = 2
TIMEOUT_SECONDS = 60.0
LIMITS = StreamLimits(replicas=3, max_bytes=2_000_000_000, takeover_seconds=30)
START_MS = 1_760_000_000_000


@dataclass(frozen=True, slots=True)
class Figures:
    """One way of one round. Processor times are microseconds an event."""

    events_per_second: float
    own_us: float
    servers_us: float


def measure(rounds: int, events: int, report: Report) -> dict[str, list[Figures]]:
    """Each way so many times, with the same number of events."""
    found: dict[str, list[Figures]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="ct-bench-") as folder,
        run_postgres(Path(folder) / "postgres") as server,
        run_nats(Path(folder) / "nats") as cluster,
    ):
        for number in range(rounds):
            report(f"round {number + 1} of {rounds}")
            url = create_collector_database(server, f"queue_{number}")
            ways = asyncio.run(measure_round(server, url, cluster, make_rows(events, number)))
            for way, figures in ways.items():
                found.setdefault(way, []).append(figures)
    return found


def make_rows(count: int, seed: int) -> list[EventRow]:
    """Events as a collector has them."""
    return list(map(make_row, make_events(generate_events(count, seed, START_MS), START_MS)))


async def measure_round(
    server: PostgresServer, database: str, cluster: NatsCluster, rows: Sequence[EventRow]
) -> dict[str, Figures]:
    """Half of the events straight to Postgres, the others by the queue."""
    half = len(rows) // 2
    own = Tree("bench", os.getpid())
    servers = [Tree(s.name, s.child.process.pid) for s in cluster.servers]
    postgres = [Tree("postgres", server.get_postmaster_info().pid)]
    async with open_store(database, IN_FLIGHT, TIMEOUT_SECONDS) as store:
        straight = await time_puts(store, rows[:half], own, postgres)
    async with connected(cluster) as (jetstream, sink):
        await make_streams(jetstream, LIMITS)
        queued = await time_puts(sink, rows[half:], own, servers)
        with consuming(cluster, database) as consumer:
            drained = await time_drain(jetstream, len(rows) - half, consumer, servers)
    return {
        "straight to Postgres": straight,
        "into the queue": queued,
        "a consumer, from the queue": drained,
    }


@asynccontextmanager
async def connected(cluster: NatsCluster) -> AsyncIterator[tuple[JetStreamContext, QueueSink]]:
    """The queue, as a sink too."""
    async with connect_once(cluster.url, "conversion-tracking bench") as client:
        jetstream = client.jetstream(timeout=TIMEOUT_SECONDS)
        yield jetstream, QueueSink(client, LIVE, TIMEOUT_SECONDS)


@contextmanager
def consuming(cluster: NatsCluster, database: str) -> Iterator[Tree]:
    """A consumer in a process of its own."""
    settings = {
        "CT_DATABASE_URL": database,
        "CT_QUEUE_URL": cluster.url,
        "CT_CONSUMER_PORT": "0",
        "CT_LOG_LEVEL": "error",
    }
    process = subprocess.Popen([COMMAND, "consume"], env={**os.environ, **settings})
    try:
        yield Tree("consumer", process.pid)
    finally:
        process.terminate()
        process.wait()


async def time_puts(
    sink: Sink, rows: Sequence[EventRow], own: Tree, servers: Sequence[Tree]
) -> Figures:
    """Put events in batches."""
    batches = iter([rows[at : at + BATCH_EVENTS] for at in range(0, len(rows), BATCH_EVENTS)])

    async def put() -> None:
        for batch in batches:
            await sink.put_each(batch)

    clock = Clock(own, servers)
    await asyncio.gather(*(put() for _ in range(IN_FLIGHT)))
    return clock.read(len(rows))


async def time_drain(
    jetstream: JetStreamContext, events: int, consumer: Tree, servers: Sequence[Tree]
) -> Figures:
    """From the first event that a consumer has settled to the last: without its start."""
    while await waiting(jetstream) == events:  # noqa: ASYNC110  # the servers are asked
        await asyncio.sleep(0.02)
    clock = Clock(consumer, servers)
    first = events - await waiting(jetstream)
    while await waiting(jetstream):  # noqa: ASYNC110  # as above
        await asyncio.sleep(0.02)
    return clock.read(events - first)


async def waiting(jetstream: JetStreamContext) -> int:
    """How many events are in the queue."""
    return int((await jetstream.stream_info(LIVE.stream)).state.messages)


class Clock:
    """Time and processor time, from when it is made."""

    def __init__(self, own: Tree, servers: Sequence[Tree]) -> None:
        self._own = own
        self._servers = servers
        self._began = (time.monotonic(), own_seconds(own), seconds_of(servers))

    def read(self, events: int) -> Figures:
        """What was used since, for so many events."""
        wall, own, servers = self._began
        micro = 1_000_000 / events
        return Figures(
            events_per_second=events / (time.monotonic() - wall),
            own_us=(own_seconds(self._own) - own) * micro,
            servers_us=(seconds_of(self._servers) - servers) * micro,
        )


def own_seconds(tree: Tree) -> float:
    """Processor time of the first process alone: the servers are its children."""
    times = psutil.Process(tree.pid).cpu_times()
    return times.user + times.system


def seconds_of(trees: Sequence[Tree]) -> float:
    """Processor time of several."""
    return sum(tree.cpu_seconds() for tree in trees)
