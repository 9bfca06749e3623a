"""Where and of what a result was measured: a figure without it says little."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent


def describe_machine(now: datetime) -> dict[str, object]:
    """Cores, processor, load, Python, the commit, and the time."""
    return {
        "cores": os.cpu_count(),
        "cpu": read_cpu_model(),
        "load_average": round(os.getloadavg()[0], 2),
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
    """The commit that was measured, and whether files differed from it."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=10"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:  # a machine without git
        return "unknown"
    return done.stdout.strip() or "unknown"


def summarize_machine(machine: dict[str, object]) -> str:
    """One line for the top of a report."""
    return (
        f"{machine['cores']} cores, {machine['cpu']}, load {machine['load_average']}, "
        f"commit {machine['commit']}, {machine['date']}"
    )
