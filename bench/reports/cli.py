"""The command `python -m bench.reports`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.errors import BenchError
from bench.load.wrk import find_wrk
from bench.machine import ROOT, describe_machine, summarize_machine
from bench.processes import Tree, look_now
from bench.report import print_progress, write_json
from bench.reports.answers import Times, all_names, make_questions, measure_cold, measure_warm
from bench.reports.history import History, open_history
from bench.reports.ingest import Beside, measure_ingest
from bench.reports.results import (
    format_ingest,
    format_reports,
    format_views,
    times_json,
    warn_of_others,
)
from bench.reports.views import VIEW_NAMES, measure_views
from local.processes import LocalSystemError

RESULTS = ROOT / "bench" / "results"
WARM, COLD, VIEWS, INGEST = "warm", "cold", "views", "ingest"
PARTS = (WARM, COLD, VIEWS, INGEST)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark. Returns 0, or 1 after a line on stderr that says what is wrong."""
    options = make_parser().parse_args(arguments)
    try:
        if INGEST in options.parts:
            find_wrk()
        machine = describe_machine(datetime.now(UTC))
        print(summarize_machine(machine), flush=True)
        with open_history(options.data, options.name, options.events, print_progress) as history:
            print(f"{history.events:,} events of {history.sessions:,} sessions\n", flush=True)
            figures = measure(history, options)
        print(describe(figures), flush=True)
        size = {"events": history.events, "sessions": history.sessions}
        write_json(options.json, {"machine": machine, **size, **figures.as_json()})
    except (BenchError, LocalSystemError) as error:
        print(f"bench.reports: {error}", file=sys.stderr)
        return 1
    return 0


def make_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.reports",
        description="Measure the reports and the dashboard on 90 days of made-up traffic, and "
        "what they cost the collector meanwhile.",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=ROOT / "var" / "bench-reports",
        metavar="FOLDER",
        help="of the Postgres, which is started where it does not run (default: %(default)s)",
    )
    parser.add_argument(
        "--name", default="history", help="of the database, made where there is none: %(default)s"
    )
    parser.add_argument(
        "--events", type=int, default=10_000_000, help="of a new database (default: %(default)s)"
    )
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=PARTS,
        default=PARTS,
        metavar="PART",
        help=f"only these of {', '.join(PARTS)}; {COLD} restarts the Postgres, {INGEST} copies "
        "the database",
    )
    parser.add_argument(
        "--reports",
        nargs="+",
        choices=all_names(),
        default=all_names(),
        metavar="REPORT",
        help="only these",
    )
    parser.add_argument(
        "--views",
        nargs="+",
        choices=VIEW_NAMES,
        default=VIEW_NAMES,
        metavar="VIEW",
        help=f"only these of {', '.join(VIEW_NAMES)}",
    )
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--cold-rounds", type=int, default=1, help="default: %(default)s")
    parser.add_argument(
        "--seconds", type=int, default=20, help="of a run with events (default: %(default)s)"
    )
    parser.add_argument("--connections", type=int, default=64, help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", default=RESULTS / "reports.json")
    return parser


@dataclass(slots=True)
class Figures:
    """What was measured; a part that was not is empty. `others_percent`: while a part ran."""

    warm: Times = field(default_factory=dict)
    cold: Times = field(default_factory=dict)
    views: Times = field(default_factory=dict)
    ingest: list[Beside] = field(default_factory=list)
    others_percent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def watching(self, part: str, history: History) -> Iterator[None]:
        """Note what others took of the processors while the block runs."""
        own = (Tree("bench", os.getpid()), history.postgres)
        before = look_now(own)
        yield
        self.others_percent[part] = before.others_percent(look_now(own))

    def as_json(self) -> dict[str, object]:
        """The raw figures."""
        return {
            "others_percent": self.others_percent,
            **{
                part: times_json(times)
                for part, times in zip(PARTS, (self.warm, self.cold, self.views), strict=False)
            },
            INGEST: [one.as_json() for one in self.ingest],
        }


def measure(history: History, options: argparse.Namespace) -> Figures:
    """The parts that are wanted."""
    figures = Figures()
    questions = asyncio.run(make_questions(history, options.reports))
    if WARM in options.parts:
        with figures.watching(WARM, history):
            figures.warm = asyncio.run(
                measure_warm(history, questions, options.rounds, print_progress)
            )
    if COLD in options.parts:  # its Postgres does not live long enough to be watched
        figures.cold = asyncio.run(
            measure_cold(history, questions, options.cold_rounds, print_progress)
        )
    if VIEWS in options.parts:
        with figures.watching(VIEWS, history):
            figures.views = measure_views(history, options.views, options.rounds, print_progress)
    if INGEST in options.parts:
        sizes = (options.rounds, options.seconds, options.connections)
        with figures.watching(INGEST, history):
            figures.ingest = measure_ingest(history, questions, sizes, print_progress)
    return figures


def describe(figures: Figures) -> str:
    """The tables, and a warning where other work spoils them."""
    parts = [warn_of_others(figures.others_percent)]
    if figures.warm or figures.cold:
        parts.append(format_reports(figures.warm, figures.cold))
    if figures.views:
        parts.append(format_views(figures.views))
    if figures.ingest:
        parts.append(format_ingest(figures.ingest))
    return "\n\n".join(part for part in parts if part)
