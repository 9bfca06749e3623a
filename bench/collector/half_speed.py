"""Latency of (a) at half its top speed, and beside it what the machine lets nobody go below.

In each round, at the same pace: (a); then (c), which shows what load generator, loop and sockets
have of it; then commits of one row by a client that does nothing else, as many a second as (a)
made, which show what the disk has of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median, quantiles

from bench.collector.database import connect, create_collector_database, execute, load_query
from bench.collector.measure import Figures, HttpRow, describe_run, run_watched
from bench.collector.sizes import Sizes
from bench.collector.stage import Stage
from bench.collector.traffic import TRACK
from bench.report import Report

TABLE = "create_bare_commits"


@dataclass(frozen=True, slots=True)
class Commits:
    """What commits of one row took, each from its statement to its answer."""

    a_second: float
    p50_ms: float
    p99_ms: float

    def __str__(self) -> str:
        return f"{self.a_second:,.0f} commits/s, p99 {self.p99_ms:.1f} ms"


@dataclass(frozen=True, slots=True)
class Round:
    """A round of it."""

    track: Figures
    noop: Figures
    commits: Commits

    def as_json(self) -> dict[str, object]:
        """The raw figures."""
        return {
            "track": self.track.as_json(),
            "noop": self.noop.as_json(),
            "commits_a_second": round(self.commits.a_second, 1),
            "commit_p50_ms": self.commits.p50_ms,
            "commit_p99_ms": self.commits.p99_ms,
        }


def measure_half_speed(stage: Stage, sizes: Sizes, report: Report) -> dict[str, object]:
    """All rounds.

    The top speed is measured before each: on a busy machine that of a minute ago may be more
    than there is now.
    """
    database = create_collector_database(stage.server, "half_speed")
    asyncio.run(execute(database, load_query(TABLE)))
    requests = stage.write_track(TRACK)
    collector = stage.starter.start_collector(database, "half-speed-collector")
    noop = stage.starter.start_noop()
    top = HttpRow(collector, requests, sizes.connections, stage.postgres, database)
    bare = HttpRow(noop, requests, sizes.connections, stage.postgres)
    top.run(sizes.seconds)  # to warm up
    rounds: list[Round] = []
    for _ in range(sizes.rounds):
        pace = max(int(top.run(sizes.seconds).rate / 2), 1)
        rounds.append(measure_round(top, bare, pace, 2 * sizes.seconds, report))
    return {
        "p50_ms": median_of([each.track for each in rounds], "p50_ms"),
        "p99_ms": median_of([each.track for each in rounds], "p99_ms"),
        "noop_p99_ms": median_of([each.noop for each in rounds], "p99_ms"),
        "commit_p99_ms": median(each.commits.p99_ms for each in rounds),
        "rounds": [each.as_json() for each in rounds],
    }


def measure_round(
    track: HttpRow, noop: HttpRow, pace: int, seconds: float, report: Report
) -> Round:
    """The three, one after another."""
    url = track.database or ""
    before = asyncio.run(count_commits(url))
    paced = run_watched(replace(track, requests_a_second=pace), seconds)
    a_second = (asyncio.run(count_commits(url)) - before) / paced.seconds
    report(f"half speed: {describe_run(f'asked for {pace}/s', paced)}")
    alone = run_watched(replace(noop, requests_a_second=pace), seconds)
    report(f"half speed: {describe_run('(c) as fast', alone)}")
    commits = asyncio.run(commit_for(url, a_second, seconds))
    report(f"half speed: commits alone: {commits}")
    return Round(paced, alone, commits)


def median_of(runs: Sequence[Figures], name: str) -> float:
    """The median of one of the load generator's figures."""
    return median(run.load.as_json()[name] for run in runs if run.load)


async def count_commits(url: str) -> int:
    """The commits in a database so far."""
    async with connect(url) as connection:
        commits: int = await connection.fetchval(load_query("count_commits"))
        return commits


async def commit_for(url: str, a_second: float, seconds: float) -> Commits:
    """A row a commit, at a constant rate as long as the commits keep up."""
    took: list[float] = []
    async with connect(url) as connection:
        insert = await connection.prepare(load_query("insert_bare_commit"))
        began = time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds:
            if (early := len(took) / a_second - elapsed) > 0:
                await asyncio.sleep(early)
            at = time.perf_counter()
            await insert.fetch(len(took))
            took.append((time.perf_counter() - at) * 1000)
    return Commits(len(took) / seconds, median(took), quantiles(took, n=100)[-1])


def describe_half_speed(result: dict[str, object]) -> str:
    """It in words."""
    return (
        f"p99 of (a) at half its top speed: {result['p99_ms']} ms; of (c) at the same rate "
        f"{result['noop_p99_ms']}, of as many commits of one row {result['commit_p99_ms']:.1f}"
    )
