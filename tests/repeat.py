"""The whole suite several times in a row, on a quiet machine and on a busy one.

`make test-repeat` runs it five times, the second and the fourth with every core kept busy by
something else. A test that passes by luck fails here sooner or later. What each run printed is
in var/repeat; the end says how long the runs took, and what failed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "var" / "repeat"
# Each run, and what keeps the cores busy, ends at the latest then.
MOST_SECONDS = 3600.0

SPIN = """
import os, sys, time
parent, end = os.getppid(), time.monotonic() + float(sys.argv[1])
while time.monotonic() < end and os.getppid() == parent:
    pass
"""


@dataclass(frozen=True)
class Run:
    """What came of the suite once."""

    number: int
    busy: bool
    seconds: float
    exit_code: int
    tests: int
    skipped: int
    failed: list[str]

    def __str__(self) -> str:
        """A line for a person."""
        machine = "busy" if self.busy else "quiet"
        return (
            f"run {self.number}, {machine}: {self.seconds:.0f} s, {self.tests} tests, "
            f"{self.skipped} skipped, {len(self.failed)} failed, exit code {self.exit_code}"
        )


def main() -> int:
    """Returns 0 where every run passed."""
    options, pytest_options = make_parser().parse_known_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    runs = []
    for number in range(1, options.runs + 1):
        runs.append(run_once(number, number in options.busy, pytest_options))
        print(runs[-1], flush=True)
    print("\n".join(summarize(runs)))
    return 0 if all(run.exit_code == 0 for run in runs) else 1


def make_parser() -> argparse.ArgumentParser:
    """The options; others are pytest's."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.repeat", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--runs", type=int, default=5, help="default: %(default)s")
    parser.add_argument(
        "--busy", type=int, nargs="*", default=[2, 4], help="numbers of runs (default: 2 4)"
    )
    return parser


def run_once(number: int, busy: bool, options: Sequence[str]) -> Run:
    """Run the suite; with every core kept busy, or not."""
    report = RESULTS / f"run-{number}.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", *options, f"--junit-xml={report}"]
    started = time.monotonic()
    with (RESULTS / f"run-{number}.txt").open("wb") as output, keeping_busy(busy):
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=MOST_SECONDS,
            check=False,
        )
    return read_run(number, busy, time.monotonic() - started, done.returncode, report)


@contextmanager
def keeping_busy(busy: bool) -> Iterator[None]:
    """A process for each core that never waits."""
    command = [sys.executable, "-c", SPIN, str(MOST_SECONDS)]
    cores = len(os.sched_getaffinity(0)) if busy else 0
    spinning = [subprocess.Popen(command) for _ in range(cores)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def read_run(number: int, busy: bool, seconds: float, exit_code: int, report: Path) -> Run:
    """What pytest has written of a run; nothing where it did not come to that."""
    cases = list(ElementTree.parse(report).iter("testcase")) if report.exists() else []
    return Run(
        number=number,
        busy=busy,
        seconds=seconds,
        exit_code=exit_code,
        tests=len(cases),
        skipped=sum(case.find("skipped") is not None for case in cases),
        failed=[
            f"{case.get('classname')}::{case.get('name')}"
            for case in cases
            if case.find("failure") is not None or case.find("error") is not None
        ],
    )


def summarize(runs: Sequence[Run]) -> Iterator[str]:
    """All runs, and each test that failed with the runs in which it did."""
    yield f"\n{len(runs)} runs; their output is in {RESULTS.relative_to(ROOT)}"
    yield from map(str, runs)
    for test in sorted({test for run in runs for test in run.failed}):
        where = ", ".join(str(run.number) for run in runs if test in run.failed)
        yield f"failed in run {where}: {test}"


if __name__ == "__main__":
    sys.exit(main())
