"""`python -m bench.collector`, very short: every row answers, stores, and is counted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

# It starts nine servers and measures for half a minute: on a busy machine that is minutes.
LONGEST_SECONDS = 400


@pytest.mark.timeout(LONGEST_SECONDS + 20)
def test_every_row_is_measured_the_long_ones_too(tmp_path: Path) -> None:
    file = tmp_path / "latest.json"
    short = ("--rounds", "1", "--seconds", "1", "--connections", "8", "--events", "1000")
    long_rows = (
        *("--long", "half_speed", "memory", "growth"),
        *("--memory-events", "100", "--table-rows", "10000"),
    )
    command = [sys.executable, "-m", "bench.collector", *short, *long_rows, "--json", str(file)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(file.read_text())
    assert result["durability"] == {"fsync": "on", "synchronous_commit": "on"}
    assert list(result["rounds"]) == [
        *("track", "track_two", "spec_design", "spec_design_threads", "noop", "copy", "batch")
    ]
    for name in ("track_vs_spec_design", "track_vs_noop", "two_vs_one", "batch_vs_copy"):
        assert result[name] > 0, name
        assert name in done.stdout
    assert all(run["events"] > 0 for runs in result["rounds"].values() for run in runs)
    assert sum(run.get("errors", 0) for runs in result["rounds"].values() for run in runs) == 0
    long_results = result["long_rows"]
    assert min(long_results["half_speed"][f"{of}p99_ms"] for of in ("", "noop_", "commit_")) > 0
    assert long_results["memory"]["events"] >= 100
    assert long_results["memory"]["peak_mib"] > 20
    assert {"time_growth", "processor_growth"} <= set(long_results["growth"])
    assert result["machine"]["commit"]
