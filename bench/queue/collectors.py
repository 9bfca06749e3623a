"""Several collectors under full load, with the queue and without: processor time by part."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.collector.database import begin_round, count_events_since
from bench.collector.traffic import TRACK, write_track_requests
from bench.errors import BenchError
from bench.events import generate_events
from bench.load.wrk import Load, send_load
from bench.processes import Tree
from bench.queue.system import Machine, System, run_system, wait_until_empty
from bench.report import Report

CONNECTIONS = 32  # to each collector
EVENTS = 5_000  # in the file, which is sent again and again with new ids


@dataclass(frozen=True, slots=True)
class PartTimes:
    """One row of one round."""

    events_per_second: float  # that were answered
    us_by_part: Mapping[str, float]  # processor time an event, until all of them were stored


def measure_collectors(
    machine: Machine, counts: Sequence[int], rounds: int, seconds: float, report: Report
) -> dict[str, list[PartTimes]]:
    """A row with the queue and one without for each count of collectors, so many times.

    Raises BenchError where an event is lost or refused.
    """
    now_ms = int(time.time() * 1000)
    file = machine.folder / "track-requests"
    write_track_requests(file, TRACK, generate_events(EVENTS, 1, now_ms), now_ms)
    found: dict[str, list[PartTimes]] = {}
    for number in range(rounds):
        for count in counts:
            for queued in (False, True):
                row = f"{count} collector{'s' * (count > 1)}{', queue' * queued}"
                report(f"round {number + 1} of {rounds}: {row}")
                name = f"collectors_{number}_{count}_{queued}".lower()
                with run_system(machine, name, count, queued) as system:
                    found.setdefault(row, []).append(measure_row(system, file, seconds))
    return found


def measure_row(system: System, file: Path, seconds: float) -> PartTimes:
    """Load on all collectors at once, until it is in Postgres.

    Raises BenchError where what was answered is not stored.
    """
    begun = begin_round(system.database, keep_rows=False)
    parts = system.parts()
    before = {part: cpu_seconds(trees) for part, trees in parts.items()}
    with ThreadPoolExecutor(len(system.collectors)) as threads:
        loads: Sequence[Load] = list(
            threads.map(
                lambda server: send_load(server.url, file, seconds, CONNECTIONS),
                system.collectors,
            )
        )
    if system.consumers:
        asyncio.run(wait_until_empty(system.machine.cluster))
    after = {part: cpu_seconds(trees) for part, trees in parts.items()}
    answered = sum(load.requests - load.errors for load in loads)
    # What wrk was not answered any more at its end may be stored as well.
    stored = count_events_since(system.database, begun)
    if stored < answered:
        raise BenchError(f"{answered} events were answered, and {stored} are stored")
    return PartTimes(
        events_per_second=sum(load.rate for load in loads),
        us_by_part={part: (after[part] - before[part]) * 1_000_000 / stored for part in parts},
    )


def cpu_seconds(trees: Sequence[Tree]) -> float:
    """Processor time of a part."""
    return sum(tree.cpu_seconds() for tree in trees)
