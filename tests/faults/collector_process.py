"""A collector as a process that a test may kill, stop and start again on the same port."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from local.processes import free_port
from tests.waiting import eventually

COMMAND = str(Path(sys.executable).parent / "conversion-tracking")
START_SECONDS = 30.0

# For tests in which nothing happens to Postgres, and so no event may go to the spool: a busy
# machine may need more than the second that is enough for an outage to be noticed.
PATIENT = {"CT_DATABASE_TIMEOUT_SECONDS": 30}


class CollectorProcess:
    """`conversion-tracking serve`, with a spool that outlives it."""

    def __init__(self, folder: Path, database: str, *options: str, **settings: object) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"collector-{self.port}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._options = options
        self._environment = {
            "CT_DATABASE_URL": database,
            "CT_PORT": str(self.port),
            "CT_SPOOL_DIR": str(folder / "spool"),
            "CT_DATABASE_TIMEOUT_SECONDS": "1",
            **{name: str(value) for name, value in settings.items()},
        }

    def start(self) -> None:
        """Start it, and return when it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [COMMAND, "serve", *self._options],
                env={**os.environ, **self._environment},
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        """SIGKILL, at whatever it is doing."""
        self.signal(signal.SIGKILL)

    def signal(self, signum: signal.Signals) -> int:
        """Send a signal that ends it. Returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signum)
        return self.process.wait(30)

    def metric(self, name: str) -> float:
        """The sum of a metric's samples."""
        return sum(self.samples(name))

    def samples(self, name: str) -> list[float]:
        """A metric's samples, of all workers."""
        with urlopen(self.url + "/metrics", timeout=10) as answer:
            page = answer.read().decode()
        found = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", page, re.MULTILINE)
        return [float(value) for value in found]

    async def wait_until_drained(self) -> None:
        """Return when nothing waits in the spool."""
        await eventually(lambda: self.metric("ct_spool_events") == 0)

    def _answers(self) -> bool:
        try:
            urlopen(self.url + "/healthz", timeout=5).close()
        except (URLError, OSError):
            return False
        return True


@contextmanager
def collector(
    folder: Path, database: str, *options: str, **settings: object
) -> Iterator[CollectorProcess]:
    """A collector that runs when the block begins, and is killed at its end."""
    process = CollectorProcess(folder, database, *options, **settings)
    try:
        process.start()
        yield process
    finally:
        if process.process is not None:
            process.process.kill()
            process.process.wait()
