"""How long an event takes to its answer, and from there to its row."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bench.queue.live import sending, watch_rows
from bench.queue.system import Machine, System, run_system
from bench.report import Report


@dataclass(frozen=True, slots=True)
class Delays:
    """One way of one round: each event's, in seconds."""

    answers: Sequence[float]
    rows: Sequence[float]  # after the answer


def measure_latency(
    machine: Machine, rounds: int, seconds: float, rate: float, report: Report
) -> dict[str, list[Delays]]:
    """Both ways so many times."""
    found: dict[str, list[Delays]] = {}
    for number in range(rounds):
        for queued in (False, True):
            way = "by the queue" if queued else "straight to Postgres"
            report(f"round {number + 1} of {rounds}: {way}")
            with run_system(machine, f"latency_{number}_{queued}".lower(), 1, queued) as system:
                delays = asyncio.run(measure_way(system, seconds, rate))
                found.setdefault(way, []).append(delays)
    return found


async def measure_way(system: System, seconds: float, rate: float) -> Delays:
    """Events at a steady rate, for so long."""
    async with sending(system.collectors[0].url, rate) as live:
        rows = await watch_rows(system.database, live, seconds)
    return Delays(live.answer_seconds, rows)
