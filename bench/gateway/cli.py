"""The command `python -m bench.gateway`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.errors import BenchError
from bench.events import ORIGIN
from bench.gateway.cases import (
    CORS,
    OURS,
    PLAIN,
    choose_cases,
    parse_target,
    refuse_wrong_answer,
    write_case_requests,
)
from bench.gateway.growth import Slices, watch_memory
from bench.gateway.local import WARNING, run_local_gateway
from bench.gateway.measure import Loaded, Plan, run_rounds
from bench.gateway.results import collect_ratios, format_rows, summarize
from bench.load.wrk import find_wrk
from bench.machine import describe_machine, summarize_machine
from bench.processes import Tree, find_tree
from bench.report import print_progress, write_json
from local.processes import LocalSystemError

SLICE_SECONDS = 5.0
GROWTH_CASES = ("post_ours", "preflight_ours")


@dataclass(frozen=True, slots=True)
class Setup:
    """What is driven, and which processes are watched."""

    routes: dict[str, str]
    gateway: Tree | None
    server: Tree | None

    @property
    def trees(self) -> list[Tree]:
        """The processes whose time is counted."""
        return [tree for tree in (self.gateway, self.server) if tree]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark. Returns 0; 1 after a line on stderr, or where requests failed."""
    options = make_parser().parse_args(arguments)
    try:
        find_wrk()
        machine = describe_machine(datetime.now(UTC))
        print(summarize_machine(machine), flush=True)
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ct-bench-")))
            setup = prepare(options, stack)
            cases = load_cases(options, setup, folder)
            measure = run_growth if options.events else run_comparison
            errors, result = measure(options, setup, cases)
        if options.json:
            write_json(options.json, {"machine": machine, **result})
    except (BenchError, LocalSystemError) as error:
        print(f"bench.gateway: {error}", file=sys.stderr)
        return 1
    return 1 if errors else 0


def make_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.gateway",
        description="Drive a Kong, or the local gateway, on routes without a plugin, with Kong's "
        "cors plugin and with ours, in turns, and print what ours costs.",
    )
    for name, text in (
        (PLAIN, "a route without a plugin"),
        (CORS, "a route with Kong's cors plugin"),
        (OURS, "a route with our plugin"),
    ):
        parser.add_argument(f"--{name}", metavar="URL", help=text)
    parser.add_argument("--local", action="store_true", help="start the local gateway instead")
    parser.add_argument("--server-pid", metavar="PID|FILE", help="the plugin server's process")
    parser.add_argument("--gateway-pid", metavar="PID|FILE", help="Kong's master process")
    parser.add_argument("--origin", default=ORIGIN, help="of the pages (default: %(default)s)")
    parser.add_argument("--get", action="store_true", help="measure GET requests too")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--seconds", type=int, default=4, help="of a run (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=64, help="default: %(default)s")
    parser.add_argument(
        "--events",
        type=int,
        metavar="N",
        help="send N POSTs and N preflights instead, and watch the plugin server's memory",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the raw figures there")
    return parser


def prepare(options: argparse.Namespace, stack: ExitStack) -> Setup:
    """Start the local gateway, or take what the options name.

    Raises BenchError where the options do not fit together.
    """
    given = {name: getattr(options, name) for name in (PLAIN, CORS, OURS)}
    routes = {name: url for name, url in given.items() if url}
    if options.local:
        if routes:
            raise BenchError("--local brings routes of its own; give it or addresses, not both")
        print(WARNING)
        running = stack.enter_context(run_local_gateway())
        return Setup(running.routes, running.gateway, running.server)
    if OURS not in routes:
        raise BenchError("give --ours URL, with --plain URL and --cors URL beside it, or --local")
    return Setup(
        routes,
        find_tree("gateway", options.gateway_pid) if options.gateway_pid else None,
        find_tree("server", options.server_pid) if options.server_pid else None,
    )


def load_cases(options: argparse.Namespace, setup: Setup, folder: Path) -> list[Loaded]:
    """The cases with their requests, after a look at one answer of each."""
    targets = {name: parse_target(url) for name, url in setup.routes.items()}
    loaded = []
    for case in choose_cases(targets, options.get):
        target = targets[case.route]
        refuse_wrong_answer(case, target, options.origin)
        requests = write_case_requests(folder, case, target, options.origin)
        loaded.append(Loaded(case, target.base, requests))
    return loaded


def run_comparison(
    options: argparse.Namespace, setup: Setup, cases: list[Loaded]
) -> tuple[int, dict[str, object]]:
    """Interleaved rounds; prints the table. Returns how many requests failed, and all as JSON."""
    plan = Plan(options.rounds, options.seconds, options.connections)
    before = setup.server.memory() if setup.server else None
    runs = run_rounds(cases, plan, setup.trees, print_progress)
    after = setup.server.memory() if setup.server else None
    rows = summarize([loaded.case for loaded in cases], runs)
    print(f"\n{plan.connections} connections; medians of {plan.rounds} rounds of {plan.seconds} s")
    print(f"\n{format_rows(rows)}")
    if before and after:
        print(f"\nmemory of the plugin server: {before} before, {after} after")
    rounds = {key: [run.as_json() for run in of_case] for key, of_case in runs.items()}
    return sum(row.errors for row in rows), {"ratios": collect_ratios(rows), "rounds": rounds}


def run_growth(
    options: argparse.Namespace, setup: Setup, cases: list[Loaded]
) -> tuple[int, dict[str, object]]:
    """Many events; prints whether the memory is flat. Returns as run_comparison.

    Raises BenchError where no plugin server is named.
    """
    if setup.server is None:
        raise BenchError("--events watches the plugin server's memory; give its --server-pid too")
    kinds = [loaded for loaded in cases if loaded.case.key in GROWTH_CASES]
    slices = Slices(min(SLICE_SECONDS, options.seconds), options.connections)
    growth = watch_memory(kinds, options.events, setup.server, slices, print_progress)
    print(f"\n{growth.summarize()}; {growth.errors} errors")
    return growth.errors, growth.as_json()
