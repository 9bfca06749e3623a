"""The command `python -m bench.tracker`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.errors import BenchError
from bench.machine import describe_machine, summarize_machine
from bench.medians import median_ratio
from bench.report import write_json
from bench.text_table import format_number, format_table
from bench.tracker.measure import Figures, measure

MOST = 1.2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark. Returns 0, or 1 after a line on stderr that says what is wrong."""
    options = make_parser().parse_args(arguments)
    try:
        machine = describe_machine(datetime.now(UTC))
        print(summarize_machine(machine), flush=True)
        figures = asyncio.run(measure(options.rounds, options.against))
    except BenchError as error:
        print(f"bench.tracker: {error}", file=sys.stderr)
        return 1
    print(describe(figures))
    if options.json:
        write_json(options.json, {"machine": machine, "milliseconds": figures})
    return 0


def make_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.tracker",
        description="Measure what the tracker's script costs the main thread of a page that "
        "loads, beside Plausible's package.",
    )
    parser.add_argument("--rounds", type=int, default=15, help="(default: %(default)s)")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="CHECKOUT",
        help="another checkout, such as a git worktree of the commit before: its script runs in "
        "the same rounds",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="the raw figures")
    return parser


def describe(figures: Figures) -> str:
    """A table of the pages, and the ratio that must hold."""
    rows = [
        [name, *(format_number(value) for value in (median(spent), min(spent), max(spent)))]
        for name, spent in figures.items()
    ]
    table = format_table(["page", "median ms", "least", "most"], rows)
    ratio = median_ratio(figures["ours"], figures["plausible"])
    lines = [table, "", f"ours / plausible: {ratio:.2f}; it should be at most {MOST}"]
    if before := figures.get("before"):
        lines.append(f"ours / before: {median_ratio(figures['ours'], before):.2f}")
    return "\n".join(lines)
