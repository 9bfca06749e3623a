"""Postgres away for a while, and how fast consumers catch up beside live events."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from bench.medians import percentile
from bench.queue.live import Live, sending
from bench.queue.measure import TIMEOUT_SECONDS, waiting
from bench.queue.system import Machine, System, run_system
from bench.report import Report
from collector.queue.connection import connect_once
from local.postgres import pg_ctl, start_again

# As long as it is a live event's own, and no more of what waited.
CAUGHT_UP_EVENTS_SECONDS = 0.5
LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Outage:
    """One round."""

    away_seconds: float
    waited: int  # events in the queue, when Postgres was back
    caught_up_seconds: float  # from then, until no more wait than live events make
    live_events: int  # that arrived meanwhile
    answer_p99_seconds: float  # of live events, from the outage's begin to its end
    refused: int


def measure_outage(
    machine: Machine, rounds: int, seconds: float, rate: float, report: Report
) -> list[Outage]:
    """So many outages of so many seconds."""
    found = []
    for number in range(rounds):
        report(f"round {number + 1} of {rounds}: Postgres away for {seconds:g} s")
        with run_system(machine, f"outage_{number}", 1, queued=True) as system:
            found.append(asyncio.run(measure_one(system, seconds, rate)))
    return found


async def measure_one(system: System, seconds: float, rate: float) -> Outage:
    """Stop Postgres, start it, and wait until what waited is stored."""
    cluster, postgres = system.machine.cluster, system.machine.postgres
    async with (
        connect_once(cluster.url, "conversion-tracking bench") as client,
        sending(system.collectors[0].url, rate) as live,
    ):
        jetstream = client.jetstream(timeout=TIMEOUT_SECONDS)
        await until_answered(live, rate)
        before = len(live.answer_seconds)
        await asyncio.to_thread(pg_ctl, postgres, "-m", "fast", "stop")
        await asyncio.sleep(seconds)
        await asyncio.to_thread(start_again, postgres)
        back_at, waited = time.monotonic(), await waiting(jetstream)
        answered = len(live.answered_at)
        while await waiting(jetstream) > rate * CAUGHT_UP_EVENTS_SECONDS:  # noqa: ASYNC110  # asked
            await asyncio.sleep(LOOK_SECONDS)
        return Outage(
            away_seconds=seconds,
            waited=waited,
            caught_up_seconds=time.monotonic() - back_at,
            live_events=len(live.answered_at) - answered,
            answer_p99_seconds=percentile(live.answer_seconds[before:], 99),
            refused=live.refused,
        )


async def until_answered(live: Live, rate: float) -> None:
    """Return when a second's events were answered."""
    while len(live.answered_at) < rate:  # noqa: ASYNC110  # answers set no event
        await asyncio.sleep(LOOK_SECONDS)
