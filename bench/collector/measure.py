"""Interleaved rounds of the rows, each on tables in the same state."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.collector.copy_rows import copy_for
from bench.collector.database import begin_round, count_events_since
from bench.collector.rows import TITLES
from bench.collector.servers import Server
from bench.errors import BenchError
from bench.load.wrk import Load, send_load
from bench.processes import Tree, look_now
from bench.report import Report
from collector.event import Event

MICROSECONDS = 1e6
WARM_UP_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run measured. Processor time is in microseconds an event."""

    events: int
    seconds: float
    server_us: float | None
    postgres_us: float | None
    load: Load | None = None
    load_us: float | None = None  # of the load generator
    busy_percent: float = 0.0  # of all processors, by whomever
    others_percent: float = 0.0  # what other work took of the processors meanwhile

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    @property
    def errors(self) -> int:
        """Failed requests."""
        return self.load.errors if self.load else 0

    def as_json(self) -> dict[str, object]:
        """The raw figures."""
        load = self.load.as_json() if self.load else {}
        return {
            **load,
            "events": self.events,
            "seconds": round(self.seconds, 3),
            "events_per_second": round(self.rate, 1),
            "server_us_per_event": self.server_us,
            "postgres_us_per_event": self.postgres_us,
            "load_us_per_event": self.load_us,
            "busy_percent": self.busy_percent,
            "others_percent": self.others_percent,
        }


@dataclass(frozen=True, slots=True)
class HttpRow:
    """Load on a server; where it stores events, its database."""

    server: Server
    requests: Path
    connections: int
    postgres: Tree
    database: str | None = None
    events_a_request: int = 1
    keeps_rows: bool = False
    requests_a_second: int | None = None  # as fast as answers come

    def run(self, seconds: float) -> Figures:
        """One run. Raises BenchError where an answered event is not stored."""
        began = begin_round(self.database, self.keeps_rows) if self.database else None
        began_at, cpu_before = look_now(()), self._cpu_seconds()
        load = send_load(
            self.server.url, self.requests, seconds, self.connections, self.requests_a_second
        )
        ended_at, cpu_after = look_now(()), self._cpu_seconds()
        events = (load.requests - load.bad_status) * self.events_a_request
        if self.database and began:
            refuse_lost(events, count_events_since(self.database, began))
        server_us, postgres_us, load_us = (
            round((after - before) / max(events, 1) * MICROSECONDS, 1)
            for before, after in zip(cpu_before, cpu_after, strict=True)
        )
        return Figures(
            events,
            load.seconds,
            server_us,
            postgres_us if self.database else None,
            load,
            load_us,
            began_at.busy_percent(ended_at),
        )

    def _cpu_seconds(self) -> tuple[float, float, float]:
        """Of the server, of Postgres, and of the runs of wrk that have ended."""
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (
            self.server.tree.cpu_seconds(),
            self.postgres.cpu_seconds(),
            ended.ru_utime + ended.ru_stime,
        )


@dataclass(frozen=True, slots=True)
class CopyRow:
    """COPY into the collector's table."""

    database: str
    events: Sequence[Event]
    postgres: Tree

    def run(self, seconds: float) -> Figures:
        """One run."""
        begin_round(self.database, keep_rows=False)
        before = self.postgres.cpu_seconds()
        rows, spent = asyncio.run(copy_for(self.database, self.events, seconds))
        used = self.postgres.cpu_seconds() - before
        return Figures(rows, spent, None, round(used / rows * MICROSECONDS, 1))


Row = HttpRow | CopyRow


def refuse_lost(answered: int, stored: int) -> None:
    """Raises BenchError where an answered event is not stored: then the rate means nothing.

    What was in flight when the load ended is stored without having been answered.
    """
    if stored < answered:
        raise BenchError(f"{answered} events were answered, but {stored} are stored")


def run_rounds(
    rows: Mapping[str, Row], rounds: int, seconds: float, report: Report
) -> dict[str, list[Figures]]:
    """Each row once a round, after a short warm-up that is not counted."""
    for row in rows.values():
        row.run(min(WARM_UP_SECONDS, seconds))
    figures: dict[str, list[Figures]] = {key: [] for key in rows}
    for number in range(1, rounds + 1):
        for key, row in rows.items():
            run = run_watched(row, seconds)
            figures[key].append(run)
            report(f"round {number} of {rounds}: {describe_run(TITLES.get(key, key), run)}")
    return figures


def run_watched(row: Row, seconds: float) -> Figures:
    """One run, with a look at what else the machine did. wrk and servers are our children."""
    own = (Tree("bench", os.getpid()), row.postgres)
    before = look_now(own)
    run = row.run(seconds)
    return replace(run, others_percent=before.others_percent(look_now(own)))


def describe_run(title: str, run: Figures) -> str:
    """A line of progress."""
    p99 = f", p99 {run.load.p99_ms:.1f} ms" if run.load else ""
    errors = f", {run.errors} errors" if run.errors else ""
    others = f", others took {run.others_percent:.0f} %" if run.others_percent else ""
    return f"{title.strip()}: {run.rate:,.0f} events/s{p99}{errors}{others}"
