"""The command `python -m bench.queue`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import median

from bench.machine import describe_machine, summarize_machine
from bench.queue.measure import Figures, measure
from bench.report import print_progress
from bench.text_table import format_number, format_table

HEADER = ("way", "events/s", "own µs/event", "servers' µs/event")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark. Returns 0."""
    options = make_parser().parse_args(arguments)
    print(summarize_machine(describe_machine(datetime.now(UTC))), flush=True)
    print(describe(measure(options.rounds, options.events, print_progress)))
    return 0


def make_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.queue", description="What the queue before Postgres costs."
    )
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--events", type=int, default=20_000, help="default: %(default)s")
    return parser


def describe(found: Mapping[str, Sequence[Figures]]) -> str:
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
    return format_table(HEADER, rows)
