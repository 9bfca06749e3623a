"""The servers that are compared, each a process that runs for the whole benchmark."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bench.collector.traffic import SECRET, STAMP_MAX_AGE_SECONDS
from bench.processes import Tree
from local.processes import (
    Child,
    accepts_connections,
    free_port,
    start_child,
    stop_child,
    wait_until,
)

BIN = Path(sys.executable).parent
NO_MORE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Server:
    """A process that listens."""

    url: str
    tree: Tree


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts servers that the stack stops; their logs go to a folder."""

    stack: ExitStack
    folder: Path

    def start_collector(
        self,
        database: str,
        name: str = "collector",
        programs: Path = BIN,
        workers: int = 1,
        more: Mapping[str, str] = NO_MORE,
    ) -> Server:
        """A collector with the gateway's secret: by default this checkout's, one process."""
        port = free_port()
        settings = {
            "CT_DATABASE_URL": database,
            "CT_PORT": str(port),
            "CT_GATEWAY_SECRET": SECRET,
            "CT_STAMP_MAX_AGE_SECONDS": str(STAMP_MAX_AGE_SECONDS),
            "CT_LOG_LEVEL": "warning",
            "CT_SPOOL_DIR": str(self.folder / f"{name}-spool"),
            **more,
        }
        command = [str(programs / "conversion-tracking"), "serve"]
        if workers > 1:
            command += ["--workers", str(workers)]
        return self._start(name, command, settings, port)

    def start_consumer(self, database: str, queue_url: str, name: str) -> Server:
        """A consumer of the queue; its address is that of its metrics."""
        port = free_port()
        settings = {
            "CT_DATABASE_URL": database,
            "CT_QUEUE_URL": queue_url,
            "CT_CONSUMER_PORT": str(port),
            "CT_LOG_LEVEL": "warning",
        }
        return self._start(name, [str(BIN / "conversion-tracking"), "consume"], settings, port)

    def start_spec_design(self, database: str, name: str = "spec-design") -> Server:
        """The original's design (docs/contract.md), one uvicorn worker."""
        port = free_port()
        command = [
            *(sys.executable, "-m", "uvicorn", "bench.spec_design.app:app", "--port", str(port)),
            *("--loop", "uvloop", "--http", "httptools", "--no-access-log"),
            *("--log-level", "warning"),
        ]
        url = database.replace("postgresql://", "postgresql+psycopg2://", 1)
        return self._start(name, command, {"DATABASE_URL": url}, port)

    def start_noop(self) -> Server:
        """A handler that reads and answers."""
        port = free_port()
        return self._start(
            "noop", [sys.executable, "-m", "bench.noop", "--port", str(port)], {}, port
        )

    def _start(self, name: str, command: list[str], settings: dict[str, str], port: int) -> Server:
        child: Child = start_child(name, command, settings, self.folder)
        self.stack.callback(stop_child, child)
        wait_until(lambda: accepts_connections(port), child)
        return Server(f"http://127.0.0.1:{port}", Tree(name, child.process.pid))
