"""`python -m bench.gateway` on the local gateway, as those use it who have no Kong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

LONGEST_SECONDS = 200  # on a busy machine

pytestmark = pytest.mark.timeout(LONGEST_SECONDS + 20)


def run_bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench.gateway", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False
    )


def test_the_local_gateway_is_measured_on_its_routes(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    short = ("--rounds", "1", "--seconds", "1", "--connections", "8", "--json", str(file))
    done = run_bench("--local", *short)
    assert done.returncode == 0, done.stderr
    assert "say nothing of a Kong" in done.stdout
    result = json.loads(file.read_text())
    rounds = result["rounds"]
    assert list(rounds) == ["post_plain", "post_ours", "preflight_ours"]
    for title in ("POST, no plugin", "POST, our plugin", "preflight, our plugin"):
        assert title in done.stdout
    assert all(runs[0]["rate"] > 0 for runs in rounds.values())
    assert rounds["preflight_ours"][0]["cpu_us_per_request"]["server"] > 0
    assert 0 < result["ratios"]["post_ours_vs_post_plain"] < 1
    assert "memory of the plugin server" in done.stdout


def test_memory_is_watched_over_a_number_of_events(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    short = ("--seconds", "1", "--connections", "8", "--json", str(file))
    done = run_bench("--local", "--events", "200", *short)
    assert done.returncode == 0, done.stderr
    samples = json.loads(file.read_text())["samples"]
    assert samples[0]["events"] == 0
    assert samples[-1]["events"] >= 400
    assert all(sample["rss_mib"] > 10 for sample in samples)


def test_a_route_that_does_not_answer_is_named() -> None:
    done = run_bench("--ours", "http://127.0.0.1:1/ours")
    assert done.returncode == 1
    assert "http://127.0.0.1:1/ours gave no answer" in done.stderr


def test_without_a_route_it_says_what_to_give() -> None:
    done = run_bench("--plain", "http://127.0.0.1:1/plain")
    assert done.returncode == 1
    assert "--ours URL" in done.stderr
