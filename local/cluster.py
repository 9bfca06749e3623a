"""The queue before Postgres and its consumers, on one machine, and parts that may be killed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from local.nats import NatsCluster, NatsServer, run_nats
from local.processes import Child, LocalSystemError, free_port, start_child, stop_child

COMMAND = str(Path(sys.executable).parent / "conversion-tracking")
CONSUMERS = 2
# Two collectors on one port, each with a spool of its own.
COLLECTOR_OPTIONS = ("--workers", "2")

QUEUE_SETTINGS = {
    "CT_QUEUE_STREAM_MAX_BYTES": str(1_073_741_824),
    # Soon enough for whoever kills a consumer to watch the other take over.
    "CT_QUEUE_TAKEOVER_SECONDS": "5",
}


class KeptPart:
    """A part that is started again whenever it ends: it may be killed to see what happens."""

    def __init__(self, name: str, child: Child, start: Callable[[], Child]) -> None:
        self.name = name
        self.child = child
        self._start = start

    def keep(self) -> None:
        """Start it again where it has ended. Raises LocalSystemError where that fails."""
        if self.child.process.poll() is not None:
            print(f"{self.name} has ended; it is started again", flush=True)
            self.child = self._start()
            print(f"  {self.line}", flush=True)

    @property
    def line(self) -> str:
        """How to kill it."""
        return f"{self.name:<12} kill -9 {self.child.process.pid}"


class LocalQueue:
    """The servers of the queue, with its streams, and the consumers."""

    def __init__(self, stack: ExitStack, data: Path, database_url: str) -> None:
        print("starting the queue", flush=True)
        self._stack = stack
        self._log_folder = data / "log"
        self.cluster: NatsCluster = stack.enter_context(run_nats(data / "nats"))
        self.settings: Mapping[str, str] = {
            **QUEUE_SETTINGS,
            "CT_DATABASE_URL": database_url,
            "CT_QUEUE_URL": self.cluster.url,
            "CT_QUEUE_SYSTEM_URL": self.cluster.system_url,
        }

    def make_streams(self) -> None:
        """Raises LocalSystemError where that fails."""
        making = start_child("queue", [COMMAND, "queue"], self.settings, self._log_folder)
        if making.process.wait() != 0:
            raise LocalSystemError(f"the queue's streams are not made:\n{making.last_lines()}")

    def start_parts(self) -> Sequence[KeptPart]:
        """Start the consumers; they and the servers, each of which may be killed."""
        print("starting the consumers", flush=True)
        return [
            *map(self._kept_server, self.cluster.servers),
            *(self._kept_consumer(f"consumer-{number + 1}") for number in range(CONSUMERS)),
        ]

    def _kept_server(self, server: NatsServer) -> KeptPart:
        def start() -> Child:
            server.start()
            return server.child

        return KeptPart(server.name, server.child, start)

    def _kept_consumer(self, name: str) -> KeptPart:
        settings = {**self.settings, "CT_CONSUMER_PORT": str(free_port())}

        def start() -> Child:
            child = start_child(name, [COMMAND, "consume"], settings, self._log_folder)
            self._stack.callback(stop_child, child)
            return child

        return KeptPart(name, start(), start)
