"""Load by wrk, and what it measured."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.errors import BenchError

SCRIPT = Path(__file__).parent / "walk.lua"
MARK = "wrk-result "
FIRST_LAPS = 0x10000
# How long wrk may take beyond the measured time, to connect and to end.
GRACE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk measured. Times of an answer are in milliseconds."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    bad_status: int
    socket_errors: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def errors(self) -> int:
        """Answers of 400 and above, and connections that failed or timed out."""
        return self.bad_status + self.socket_errors

    def as_json(self) -> dict[str, float]:
        """The figures by name, with the rate."""
        return {"rate": round(self.rate, 1), **asdict(self)}


def send_load(
    url: str, requests: Path, seconds: float, connections: int, rate: int | None = None
) -> Load:
    """Send a file of requests to a host, on one thread.

    As fast as answers come, or `rate` requests a second; a server that cannot keep that rate
    gets fewer, as the result shows. `url` says where to connect; the requests have paths of
    their own. Raises BenchError where wrk is missing or cannot connect.
    """
    first_lap = str(secrets.randbelow(FIRST_LAPS))
    command = [
        *(find_wrk(), "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "10s"),
        *("-s", str(SCRIPT), url, "--", str(requests), first_lap),
        *([str(rate)] if rate else []),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds + GRACE_SECONDS, check=False
    )
    if done.returncode:
        raise BenchError(f"wrk failed on {url}: {(done.stderr or done.stdout).strip()}")
    return parse_result(done.stdout)


def find_wrk() -> str:
    """The load generator. Raises BenchError where there is none."""
    found = shutil.which("wrk")
    if found is None:
        raise BenchError("wrk is not installed; on Debian and Ubuntu: apt-get install wrk")
    return found


def parse_result(output: str) -> Load:
    """The line that walk.lua printed. Raises BenchError where it is missing."""
    for line in output.splitlines():
        if line.startswith(MARK):
            return Load(**json.loads(line.removeprefix(MARK)))
    raise BenchError(f"wrk printed no result; it said:\n{output.strip()}")
