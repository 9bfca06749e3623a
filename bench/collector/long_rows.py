"""What takes long: half speed (half_speed.py), memory over a million events, a table that grows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.collector.copy_rows import copy_rows, make_events
from bench.collector.database import create_collector_database, execute, load_query
from bench.collector.half_speed import describe_half_speed, measure_half_speed
from bench.collector.measure import Figures, HttpRow, run_rounds
from bench.collector.sizes import Sizes
from bench.collector.stage import Stage
from bench.collector.traffic import TRACK
from bench.errors import BenchError
from bench.medians import median_ratio
from bench.report import Report

EMPTY, GROWN = "empty table", "grown table"


def measure_memory(stage: Stage, sizes: Sizes, report: Report) -> dict[str, object]:
    """Memory of one collector while it takes a million events at full speed.

    Raises BenchError where it takes none.
    """
    database = create_collector_database(stage.server, "memory")
    server = stage.starter.start_collector(database, "memory-collector")
    requests = stage.write_track(TRACK)
    row = HttpRow(server, requests, sizes.connections, stage.postgres, database, keeps_rows=True)
    samples, events = [sample(0, row)], 0
    while events < sizes.memory_events:
        run = row.run(sizes.seconds)
        if not run.events:
            raise BenchError(f"the collector took no event in {sizes.seconds} s")
        events += run.events
        samples.append(sample(events, row))
        report(f"memory: {events:,} events, {samples[-1]['rss_mib']} MiB")
    return {"events": events, "peak_mib": row.server.tree.peak_rss_mib(), "samples": samples}


def sample(events: int, row: HttpRow) -> dict[str, float]:
    """The memory after so many events."""
    return {"events": events, "rss_mib": row.server.tree.memory().rss_mib}


def measure_growth(stage: Stage, sizes: Sizes, report: Report) -> dict[str, object]:
    """The cost of an event in a table of millions, and beside it in an empty one, in turns."""
    rows = {
        EMPTY: set_up_table(stage, "empty_table", 0, sizes, report),
        GROWN: set_up_table(stage, "grown_table", sizes.table_rows, sizes, report),
    }
    runs = run_rounds(rows, sizes.rounds, sizes.seconds, report)
    return {
        "table_rows": sizes.table_rows,
        "time_growth": grow(runs, lambda run: 1 / run.rate),
        "processor_growth": grow(runs, processor_us),
        "rounds": {key: [run.as_json() for run in of_row] for key, of_row in runs.items()},
    }


def grow(runs: dict[str, list[Figures]], cost: Callable[[Figures], float]) -> float:
    """By how much of 1 an event costs more in the grown table."""
    costs: list[Sequence[float]] = [[cost(run) for run in runs[key]] for key in (GROWN, EMPTY)]
    return round(median_ratio(*costs) - 1, 3)


def processor_us(run: Figures) -> float:
    """Processor time of an event, in collector and Postgres."""
    return (run.server_us or 0) + (run.postgres_us or 0)


def set_up_table(stage: Stage, name: str, size: int, sizes: Sizes, report: Report) -> HttpRow:
    """A collector on a table of so many rows, with a funnel to match."""
    database = create_collector_database(stage.server, name)
    if size:
        report(f"filling a table with {size:,} rows")
        asyncio.run(
            copy_rows(database, make_events(stage.events, stage.received_at_ms), size, report)
        )
        asyncio.run(execute(database, load_query("fill_funnel")))
        asyncio.run(execute(database, load_query("analyze")))
    server = stage.starter.start_collector(database, f"{name}-collector")
    requests = stage.write_track(TRACK)
    return HttpRow(
        server, requests, sizes.connections, stage.postgres, database, keeps_rows=bool(size)
    )


def describe_memory(result: dict[str, object]) -> str:
    """It in words."""
    return f"memory of the collector after {result['events']:,} events: {result['peak_mib']} MiB"


def describe_growth(result: dict[str, object]) -> str:
    """It in words."""
    return (
        f"an event in a table of {result['table_rows']:,} rows: {result['time_growth']:+.1%} "
        f"time, {result['processor_growth']:+.1%} processor time"
    )


@dataclass(frozen=True, slots=True)
class LongRow:
    """How a long row is measured, and what it says."""

    measure: Callable[[Stage, Sizes, Report], dict[str, object]]
    describe: Callable[[dict[str, object]], str]


LONG_ROWS = {
    "half_speed": LongRow(measure_half_speed, describe_half_speed),
    "memory": LongRow(measure_memory, describe_memory),
    "growth": LongRow(measure_growth, describe_growth),
}
