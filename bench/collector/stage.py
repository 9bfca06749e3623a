"""Everything that the rows need, started: Postgres, servers, files of requests."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from bench.collector import rows, traffic
from bench.collector.copy_rows import make_events
from bench.collector.database import (
    create_collector_database,
    create_empty_database,
    create_spec_database,
    refuse_fast_commits,
)
from bench.collector.measure import CopyRow, HttpRow, Row
from bench.collector.servers import Server, Starter
from bench.errors import BenchError
from bench.events import BrowserEvent, generate_events
from bench.processes import Tree
from local.postgres import PostgresServer, run_postgres

SEED = 1
# 4 batches of 500 in flight: as many events as the collector takes into its queue at once.
BATCH_CONNECTIONS = 4
# The first event is older than the stamps: a device's clock may not run ahead of Kong's.
EVENTS_BEGIN_MS = 7_200_000


@dataclass(frozen=True, slots=True)
class Stage:
    """A running Postgres, what starts servers, and the traffic for them."""

    starter: Starter
    server: PostgresServer
    postgres: Tree
    folder: Path
    events: list[BrowserEvent]
    received_at_ms: int
    durability: dict[str, str]
    other: Path | None = None  # the programs of another checkout that is compared

    def write_track(self, path: str) -> Path:
        """Requests of one event each."""
        file = self.folder / f"{path.rsplit('/', 1)[1]}.requests"
        if not file.exists():
            traffic.write_track_requests(file, path, self.events, self.received_at_ms)
        return file

    def write_batches(self) -> Path:
        """Requests of 500 events each."""
        file = self.folder / "batch.requests"
        if file.exists():
            return file
        traffic.write_batch_requests(file, traffic.BATCH, self.events, self.received_at_ms)
        return file


@contextmanager
def open_stage(events: int, now_ms: int, other: Path | None = None) -> Iterator[Stage]:
    """Postgres in a folder of its own, for as long as the block runs.

    `events` are different before they come again, with other ids and sessions; `now_ms` is
    the time of the requests' stamps, in epoch milliseconds. `other` is a checkout that is
    installed in its .venv. Raises BenchError where it is not.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ct-bench-")))
        server = stack.enter_context(run_postgres(folder / "postgres"))
        yield Stage(
            starter=Starter(stack, folder / "log"),
            server=server,
            postgres=Tree("postgres", server.get_postmaster_info().pid),
            folder=folder,
            events=generate_events(events, SEED, now_ms - EVENTS_BEGIN_MS),
            received_at_ms=now_ms,
            durability=refuse_fast_commits(server),
            other=other and find_programs(other),
        )


def set_up_rows(stage: Stage, wanted: Sequence[str], connections: int) -> dict[str, Row]:
    """The rows in the order in which each round runs them, (e) only where there is one."""
    database = create_collector_database(stage.server, "collector")
    before = create_other_database(stage) if stage.other else ""
    set_up: dict[str, Callable[[], Row | None]] = {
        rows.TRACK: lambda: set_up_track(stage, database, connections),
        rows.TRACK_TWO: lambda: set_up_two_processes(stage, connections),
        rows.TRACK_BEFORE: lambda: set_up_track(stage, before, connections, stage.other),
        rows.SPEC: lambda: set_up_spec(stage, traffic.TRACK, connections),
        rows.SPEC_THREADS: lambda: set_up_spec(stage, traffic.TRACK_IN_THREADS, connections),
        rows.NOOP: lambda: set_up_noop(stage, connections),
        rows.COPY: lambda: set_up_copy(stage, database),
        rows.BATCH: lambda: set_up_batches(stage, database),
        rows.BATCH_BEFORE: lambda: set_up_batches(stage, before, stage.other),
    }
    if not stage.other:
        wanted = [key for key in wanted if key not in rows.OF_ANOTHER_CHECKOUT]
    found = {key: make() for key, make in set_up.items() if key in wanted}
    return {key: row for key, row in found.items() if row is not None}


def set_up_track(
    stage: Stage, database: str, connections: int, programs: Path | None = None
) -> Row:
    """Row (a)."""
    collector = start_collector(stage, database, "collector", programs)
    return track_row(stage, collector, database, connections)


def set_up_two_processes(stage: Stage, connections: int) -> Row:
    """Row (a) of a collector with two processes, with a database of its own."""
    database = create_collector_database(stage.server, "two_processes")
    collector = stage.starter.start_collector(database, "two-processes", workers=2)
    return track_row(stage, collector, database, connections)


def track_row(stage: Stage, collector: Server, database: str, connections: int) -> Row:
    """An event a request, on a collector that runs."""
    return HttpRow(
        collector, stage.write_track(traffic.TRACK), connections, stage.postgres, database
    )


def set_up_spec(stage: Stage, path: str, connections: int) -> Row:
    """Row (b), or its variant in threads: each with a process and a database of its own."""
    name = path.rsplit("/", 1)[1].replace("-", "_")
    database = create_spec_database(stage.server, f"spec_{name}")
    server = stage.starter.start_spec_design(database, f"spec-{name}")
    return HttpRow(server, stage.write_track(path), connections, stage.postgres, database)


def set_up_noop(stage: Stage, connections: int) -> Row:
    """Row (c)."""
    requests = stage.write_track(traffic.TRACK)
    return HttpRow(stage.starter.start_noop(), requests, connections, stage.postgres)


def set_up_copy(stage: Stage, database: str) -> Row:
    """Row (d)."""
    return CopyRow(database, make_events(stage.events, stage.received_at_ms), stage.postgres)


def set_up_batches(stage: Stage, database: str, programs: Path | None = None) -> Row | None:
    """Row (e), on a collector of its own, so that its memory is not (a)'s."""
    collector = start_collector(stage, database, "batch-collector", programs)
    if not takes_batches(collector):
        return None
    return HttpRow(
        collector,
        stage.write_batches(),
        BATCH_CONNECTIONS,
        stage.postgres,
        database,
        events_a_request=traffic.BATCH_EVENTS,
    )


def start_collector(stage: Stage, database: str, name: str, programs: Path | None) -> Server:
    """The collector of this checkout, or of another one by its programs."""
    if programs is None:
        return stage.starter.start_collector(database, name)
    return stage.starter.start_collector(database, f"other-{name}", programs)


def find_programs(checkout: Path) -> Path:
    """The folder of a checkout's commands. Raises BenchError where they are not installed."""
    programs = checkout.resolve() / ".venv" / "bin"
    if not (programs / "conversion-tracking").is_file():
        raise BenchError(f"{checkout} is not installed: run `make install` there first")
    return programs


def create_other_database(stage: Stage) -> str:
    """A database that the other checkout's own migrations made. Returns its URL.

    Raises BenchError where they fail.
    """
    url = create_empty_database(stage.server, "collector_before")
    command = [f"{stage.other}/conversion-tracking", "migrate"]
    done = subprocess.run(
        command, env={**os.environ, "CT_DATABASE_URL": url}, capture_output=True, check=False
    )
    if done.returncode:
        raise BenchError(f"the other checkout's migrate failed: {done.stderr.decode().strip()}")
    return url


def takes_batches(collector: Server) -> bool:
    """Whether this collector has the batch endpoint."""
    connection = HTTPConnection(urlsplit(collector.url).netloc, timeout=10)
    try:
        connection.request("POST", traffic.BATCH, "{}", {"Content-Type": "application/json"})
        return connection.getresponse().status != HTTPStatus.NOT_FOUND
    finally:
        connection.close()


def peaks_of(found: dict[str, Row]) -> dict[str, float]:
    """The highest memory of each row's server so far, in MiB."""
    return {
        key: row.server.tree.peak_rss_mib()
        for key, row in found.items()
        if isinstance(row, HttpRow)
    }
