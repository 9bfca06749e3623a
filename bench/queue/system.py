"""Collectors, with a queue before Postgres or without: each part a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.collector.database import create_collector_database
from bench.collector.servers import Server, Starter
from bench.processes import Tree
from bench.queue.measure import LIMITS, TIMEOUT_SECONDS, waiting
from collector.queue.connection import connect_once
from collector.queue.streams import make_streams
from local.nats import NatsCluster, run_nats
from local.postgres import PostgresServer, run_postgres

# As many as there should be: one may go.
CONSUMERS = 2


@dataclass(frozen=True, slots=True)
class Machine:
    """What runs for the whole benchmark: a Postgres and three servers of the queue."""

    folder: Path
    postgres: PostgresServer
    cluster: NatsCluster


@dataclass(frozen=True, slots=True)
class System:
    """What runs for one row: a database, collectors, and consumers where there is a queue."""

    machine: Machine
    database: str
    collectors: Sequence[Server]
    consumers: Sequence[Server]

    def parts(self) -> Mapping[str, Sequence[Tree]]:
        """The processes, by the part that they are of."""
        servers = self.machine.cluster.servers if self.consumers else ()
        postmaster = self.machine.postgres.get_postmaster_info().pid
        return {
            "collectors": [server.tree for server in self.collectors],
            "queue": [Tree(server.name, server.child.process.pid) for server in servers],
            "consumers": [server.tree for server in self.consumers],
            "Postgres": [Tree("postgres", postmaster)],
        }


@contextmanager
def run_machine(folder: Path) -> Iterator[Machine]:
    """Both, for as long as the block runs, with the queue's streams made."""
    with run_postgres(folder / "postgres") as postgres, run_nats(folder / "nats") as cluster:
        asyncio.run(prepare(cluster))
        yield Machine(folder, postgres, cluster)


async def prepare(cluster: NatsCluster) -> None:
    """Make the streams."""
    async with connect_once(cluster.url, "conversion-tracking bench") as client:
        await make_streams(client.jetstream(timeout=TIMEOUT_SECONDS), LIMITS)


@contextmanager
def run_system(machine: Machine, name: str, collectors: int, queued: bool) -> Iterator[System]:
    """So many collectors and what they need, for as long as the block runs."""
    database = create_collector_database(machine.postgres, name)
    url = machine.cluster.url
    more = {"CT_QUEUE_URL": url} if queued else {}
    with ExitStack() as stack:
        start = Starter(stack, machine.folder / name)
        consumers = [
            start.start_consumer(database, url, f"consumer-{number}")
            for number in range(CONSUMERS if queued else 0)
        ]
        yield System(
            machine,
            database,
            [
                start.start_collector(database, f"collector-{number}", more=more)
                for number in range(collectors)
            ],
            consumers,
        )


async def wait_until_empty(cluster: NatsCluster) -> None:
    """Return when every event of the queue is in Postgres."""
    async with connect_once(cluster.url, "conversion-tracking bench") as client:
        jetstream = client.jetstream(timeout=TIMEOUT_SECONDS)
        while await waiting(jetstream):  # noqa: ASYNC110  # the servers are asked
            await asyncio.sleep(0.02)
