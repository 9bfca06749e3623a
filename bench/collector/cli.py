"""The command `python -m bench.collector`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.collector.long_rows import LONG_ROWS
from bench.collector.measure import run_rounds
from bench.collector.results import (
    figures_json,
    find_ratios,
    format_figures,
    format_ratios,
    warn_of_others,
)
from bench.collector.rows import TITLES
from bench.collector.sizes import Sizes
from bench.collector.stage import Stage, open_stage, peaks_of, set_up_rows
from bench.collector.traffic import BATCH_EVENTS
from bench.errors import BenchError
from bench.load.wrk import find_wrk
from bench.machine import describe_machine, summarize_machine
from bench.report import print_progress, write_json
from local.processes import LocalSystemError

RESULTS = Path(__file__).parent.parent / "results"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark. Returns 0, or 1 after a line on stderr that says what is wrong."""
    options = make_parser().parse_args(arguments)
    try:
        find_wrk()
        machine = describe_machine(datetime.now(UTC))
        print(summarize_machine(machine), flush=True)
        with open_stage(options.events, int(time.time() * 1000), options.against) as stage:
            result = {"machine": machine, "durability": stage.durability}
            result |= run_comparison(stage, options)
            if options.long:
                result["long_rows"] = run_long_rows(stage, options)
        write_json(options.json, result)
    except (BenchError, LocalSystemError) as error:
        print(f"bench.collector: {error}", file=sys.stderr)
        return 1
    return 0


def make_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.collector",
        description="Measure the collector beside the original's design, a handler that does "
        "nothing, and COPY, in turns, and print what one takes of the other.",
    )
    parser.add_argument(
        "--rows",
        nargs="+",
        choices=list(TITLES),
        default=list(TITLES),
        metavar="ROW",
        help=f"only these of {', '.join(TITLES)}",
    )
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--seconds", type=int, default=8, help="of a run (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=64, help="default: %(default)s")
    parser.add_argument(
        "--events",
        type=int,
        default=20_000,
        help="different ones, before they come again with other ids and sessions, at least "
        f"{BATCH_EVENTS} (default: %(default)s)",
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="CHECKOUT",
        help="another checkout, such as a git worktree of the commit before, with its own .venv: "
        "its collector runs in the same rounds",
    )
    parser.add_argument(
        "--long",
        nargs="+",
        choices=list(LONG_ROWS),
        default=[],
        metavar="ROW",
        help=f"long rows too, of {', '.join(LONG_ROWS)}",
    )
    parser.add_argument("--memory-events", type=int, default=1_000_000, help="default: %(default)s")
    parser.add_argument("--table-rows", type=int, default=10_000_000, help="default: %(default)s")
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        default=RESULTS / "latest.json",
        help="the raw figures (default: bench/results/latest.json)",
    )
    return parser


def run_comparison(stage: Stage, options: argparse.Namespace) -> dict[str, object]:
    """The rows in turns; prints the table and the ratios."""
    rows = set_up_rows(stage, options.rows, options.connections)
    runs = run_rounds(rows, options.rounds, options.seconds, print_progress)
    peaks, ratios = peaks_of(rows), find_ratios(runs)
    print(
        f"\n{options.connections} connections; medians of {options.rounds} rounds "
        f"of {options.seconds} s\n{warn_of_others(runs)}\n{format_figures(runs, peaks)}\n\n"
        f"{format_ratios(ratios)}",
        flush=True,
    )
    return {**ratios, "peak_mib": peaks, "rounds": figures_json(runs)}


def run_long_rows(stage: Stage, options: argparse.Namespace) -> dict[str, object]:
    """The long rows that were asked for, one after another; prints what they say."""
    sizes = Sizes(
        options.memory_events,
        options.table_rows,
        options.rounds,
        options.seconds,
        options.connections,
    )
    results: dict[str, object] = {}
    for name in options.long:
        row = LONG_ROWS[name]
        results[name] = result = row.measure(stage, sizes, print_progress)
        print(f"\n{row.describe(result)}", flush=True)
    return results
