"""Where and of what a result was measured: a figure without it says little."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
# How long to look at what else runs, and from when on it spoils the figures.
LOOK_SECONDS = 2.0
QUIET_PERCENT = 15.0


def describe_machine(now: datetime) -> dict[str, object]:
    """Cores, processor, how busy it was before the run, Python, the commit, and the time."""
    return {
        "cores": os.cpu_count(),
        "cpu": read_cpu_model(),
        "busy_percent": psutil.cpu_percent(LOOK_SECONDS),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "commit": read_commit(),
        "date": now.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def read_cpu_model() -> str:
    """The processor's name, as the kernel knows it."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def read_commit() -> str:
    """The commit that was measured, and whether the code differed from it."""
    try:
        commit = run_git("rev-parse", "--short=10", "HEAD")
        changed = run_git("status", "--porcelain", "--", ".", ":!bench/results", ":!docs")
    except (OSError, subprocess.CalledProcessError):  # no git, or no repository
        return "unknown"
    return f"{commit}-dirty" if changed else commit


def run_git(*arguments: str) -> str:
    """The output of git in this checkout."""
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def summarize_machine(machine: dict[str, object]) -> str:
    """The top of a report, with a warning where something else was running."""
    busy = machine["busy_percent"]
    summary = (
        f"{machine['cores']} cores, {machine['cpu']}, commit {machine['commit']}, {machine['date']}"
    )
    if isinstance(busy, float) and busy > QUIET_PERCENT:
        summary += (
            f"\nWARNING: other work kept the processors {busy:.0f} % busy before the run; "
            "the figures are noise until that ends."
        )
    return summary
