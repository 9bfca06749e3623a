"""Interleaved rounds of load on a gateway, and what they cost each process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.gateway.cases import Case
from bench.load.wrk import Load, send_load
from bench.processes import Tree
from bench.report import Report

MICROSECONDS = 1e6


@dataclass(frozen=True, slots=True)
class Loaded:
    """A case with the file of its requests and the host to connect to."""

    case: Case
    base: str
    requests: Path


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one case: what wrk measured, and processor time by process tree."""

    load: Load
    cpu_us: dict[str, float]

    def as_json(self) -> dict[str, object]:
        """The raw figures."""
        return {**self.load.as_json(), "cpu_us_per_request": self.cpu_us}


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how often, how wide."""

    rounds: int
    seconds: float
    connections: int


def run_rounds(
    cases: Sequence[Loaded], plan: Plan, trees: Sequence[Tree], report: Report
) -> dict[str, list[Run]]:
    """Each case once a round, one after another, so that a busy minute meets all of them.

    The runs of each case by its key, in the order of the rounds.
    """
    runs: dict[str, list[Run]] = {loaded.case.key: [] for loaded in cases}
    for number in range(1, plan.rounds + 1):
        for loaded in cases:
            run = run_once(loaded, plan, trees)
            runs[loaded.case.key].append(run)
            report(f"round {number} of {plan.rounds}: {describe_run(loaded.case, run)}")
    return runs


def run_once(loaded: Loaded, plan: Plan, trees: Sequence[Tree]) -> Run:
    """One case for some seconds."""
    before = [tree.cpu_seconds() for tree in trees]
    load = send_load(loaded.base, loaded.requests, plan.seconds, plan.connections)
    used = [tree.cpu_seconds() - start for tree, start in zip(trees, before, strict=True)]
    requests = max(load.requests, 1)
    cpu = {
        tree.name: round(seconds / requests * MICROSECONDS, 1)
        for tree, seconds in zip(trees, used, strict=True)
    }
    return Run(load, cpu)


def describe_run(case: Case, run: Run) -> str:
    """A line of progress."""
    errors = f", {run.load.errors} errors" if run.load.errors else ""
    return f"{case.title}: {run.load.rate:,.0f}/s, p99 {run.load.p99_ms:.1f} ms{errors}"
