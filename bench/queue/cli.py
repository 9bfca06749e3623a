"""The command `python -m bench.queue`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.machine import describe_machine, summarize_machine
from bench.medians import percentile
from bench.queue.collectors import PartTimes, measure_collectors
from bench.queue.latency import Delays, measure_latency
from bench.queue.measure import Figures, measure
from bench.queue.outage import Outage, measure_outage
from bench.queue.system import Machine, run_machine
from bench.report import print_progress
from bench.text_table import format_number, format_table

PARTS = ("ways", "collectors", "latency", "outage")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark. Returns 0."""
    options = make_parser().parse_args(arguments)
    print(summarize_machine(describe_machine(datetime.now(UTC))), flush=True)
    if "ways" in options.parts:
        say(describe_ways(measure(options.rounds, options.events, print_progress)))
    if set(options.parts) - {"ways"}:
        with a_machine() as machine:
            run_parts(options, machine)
    return 0


def run_parts(options: argparse.Namespace, machine: Machine) -> None:
    """Those that need whole collectors."""
    rounds, seconds, rate = options.rounds, options.seconds, options.rate
    if "collectors" in options.parts:
        counts = options.collectors
        say(describe_parts(measure_collectors(machine, counts, rounds, seconds, print_progress)))
    if "latency" in options.parts:
        say(describe_delays(measure_latency(machine, rounds, seconds, rate, print_progress)))
    if "outage" in options.parts:
        away = options.outage_seconds
        say(describe_outages(measure_outage(machine, rounds, away, rate, print_progress)))


def make_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.queue", description="What the queue before Postgres costs."
    )
    add = parser.add_argument
    add("--parts", nargs="+", choices=PARTS, default=["ways"], help="default: ways")
    add("--rounds", type=int, default=5, help="default: %(default)s")
    add("--events", type=int, default=20_000, help="of ways; default: %(default)s")
    add("--collectors", type=int, nargs="+", default=[1, 2, 4], help="default: 1 2 4")
    add("--seconds", type=float, default=10, help="of a row; default: %(default)s")
    add("--rate", type=float, default=200, help="live events a second; default: %(default)s")
    add("--outage-seconds", type=float, default=60, help="default: %(default)s")
    return parser


@contextmanager
def a_machine() -> Iterator[Machine]:
    """Postgres and the queue, in a folder that is thrown away."""
    with (
        tempfile.TemporaryDirectory(prefix="ct-bench-") as folder,
        run_machine(Path(folder)) as machine,
    ):
        yield machine


def say(table: str) -> None:
    """A table, as soon as it is there."""
    print(f"{table}\n", flush=True)


def describe_ways(found: Mapping[str, Sequence[Figures]]) -> str:
    """The medians of the rounds."""
    rows = [
        (
            way,
            format_number(median(figures.events_per_second for figures in rounds)),
            format_number(median(figures.own_us for figures in rounds)),
            format_number(median(figures.servers_us for figures in rounds)),
        )
        for way, rounds in found.items()
    ]
    return format_table(("way", "events/s", "own µs/event", "servers' µs/event"), rows)


def describe_parts(found: Mapping[str, Sequence[PartTimes]]) -> str:
    """The medians of the rounds: µs of processor time an event, by part and in all."""
    parts = list(next(iter(found.values()))[0].us_by_part)
    rows = [
        (
            row,
            format_number(median(one.events_per_second for one in rounds)),
            *(format_number(median(one.us_by_part[part] for one in rounds)) for part in parts),
            format_number(median(sum(one.us_by_part.values()) for one in rounds)),
        )
        for row, rounds in found.items()
    ]
    return format_table(("row", "events/s", *(f"{part} µs" for part in parts), "all µs"), rows)


def describe_delays(found: Mapping[str, Sequence[Delays]]) -> str:
    """The medians of the rounds' percentiles."""
    rows = [
        (
            way,
            *(
                format_number(1000 * median(percentile(delays, percent) for delays in of_rounds))
                for of_rounds in ([r.answers for r in rounds], [r.rows for r in rounds])
                for percent in (50, 99)
            ),
        )
        for way, rounds in found.items()
    ]
    header = ("way", "answer p50 ms", "p99 ms", "row after the answer p50 ms", "p99 ms")
    return format_table(header, rows)


def describe_outages(found: Sequence[Outage]) -> str:
    """A line a round."""
    rows = [
        (
            f"{outage.away_seconds:g} s",
            format_number(outage.waited),
            format_number(outage.caught_up_seconds),
            format_number((outage.waited + outage.live_events) / outage.caught_up_seconds),
            format_number(1000 * outage.answer_p99_seconds),
            str(outage.refused),
        )
        for outage in found
    ]
    header = ("away", "waited", "caught up s", "stored events/s", "answer p99 ms", "refused")
    return format_table(header, rows)
