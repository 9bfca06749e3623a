"""`python -m bench.reports`, very short: every part is measured, on a history that is kept."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

LONGEST_SECONDS = 300
PARTS = ("warm", "cold", "views")
SHORT = (
    *("--events", "3000", "--rounds", "1", "--seconds", "1", "--connections", "8"),
    *("--reports", "channels", "conversion_touches", "--views", "overview"),
)


def run_bench(data: Path, file: Path, *options: str) -> str:
    command = [sys.executable, "-m", "bench.reports", "--data", str(data), "--json", str(file)]
    done = subprocess.run(
        [*command, *SHORT, *options],
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(2 * LONGEST_SECONDS + 20)
def test_every_part_is_measured_and_events_leave_the_history_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "reports.json"
    with TemporaryDirectory(prefix="ct-") as folder:
        data = Path(folder) / "postgres"
        printed = run_bench(data, file)
        result = json.loads(file.read_text())
        again = run_bench(data, file, "--parts", "warm")
        assert json.loads(file.read_text())["events"] == result["events"]
    assert set(result["warm"]) == set(result["cold"]) == {"channels", "conversion_touches"}
    assert list(result["views"]) == ["overview"]
    assert all(len(runs) == 1 for part in PARTS for runs in result[part].values())
    assert all(runs[0] > 0 for part in PARTS for runs in result[part].values())
    [ingest] = result["ingest"]
    assert ingest["beside"]["events"] > 0
    assert ingest["reports"] > 0
    assert ingest["alone"]["bad_status"] == ingest["beside"]["bad_status"] == 0
    for text in ("channels", "overview", "events at half speed"):
        assert text in printed
    assert "overview" not in again
