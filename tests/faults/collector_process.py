"""A collector as a process that a test may kill, stop and start again on the same port."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.error import URLError
from urllib.request import urlopen

from local.processes import free_port
from tests.waiting import eventually

COMMAND = str(Path(sys.executable).parent / "conversion-tracking")
START_SECONDS = 30.0

Process = TypeVar("Process", bound="CollectorProcess")

# For tests in which nothing happens to Postgres, and so no event may go to the spool: a busy
# machine may need more than the second that is enough for an outage to be noticed.
PATIENT = {"CT_DATABASE_TIMEOUT_SECONDS": 30}


class CollectorProcess:
    """`conversion-tracking serve`, with a spool that outlives it."""

    program: Sequence[str] = (COMMAND,)
    command = "serve"
    port_setting = "CT_PORT"

    def __init__(self, folder: Path, database: str, *options: str, **settings: object) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"{self.command}-{self.port}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._options = options
        self._environment = {
            "CT_DATABASE_URL": database,
            self.port_setting: str(self.port),
            "CT_SPOOL_DIR": str(folder / "spool"),
            "CT_DATABASE_TIMEOUT_SECONDS": "1",
            **{name: str(value) for name, value in settings.items()},
        }

    def start(self) -> None:
        """Start it, and return when it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.program, self.command, *self._options],
                env={**os.environ, **self._environment},
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def start_if_ended(self) -> None:
        """Start it, unless it runs."""
        if self.process is None or self.process.poll() is not None:
            self.start()

    def wait_until_ready(self) -> None:
        """Return when its sink takes events."""
        deadline = time.monotonic() + START_SECONDS
        while not self._answers("/readyz"):
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

    def send(self, signum: signal.Signals) -> None:
        """Send a signal that does not end it."""
        assert self.process is not None
        self.process.send_signal(signum)

    def signal(self, signum: signal.Signals) -> int:
        """Send a signal that ends it. Returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signum)
        return self.process.wait(30)

    def labelled(self, name: str, **labels: str) -> float:
        """A metric's sample with these labels."""
        wanted = ",".join(f'{label}="{value}"' for label, value in labels.items())
        return self.metric(f"{name}{{{wanted}}}")

    def metric(self, name: str) -> float:
        """The sum of a metric's samples."""
        return sum(self.samples(name))

    def samples(self, name: str) -> list[float]:
        """A metric's samples, of all workers."""
        page = self.metrics_page()
        found = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", page, re.MULTILINE)
        return [float(value) for value in found]

    def metrics_page(self) -> str:
        """All that it shows."""
        with urlopen(self.url + "/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    async def wait_until_drained(self) -> None:
        """Return when nothing waits in the spool."""
        await eventually(lambda: self.metric("ct_spool_events") == 0)

    def _answers(self, path: str = "/healthz") -> bool:
        try:
            urlopen(self.url + path, timeout=5).close()
        except (URLError, OSError):
            return False
        return True


class ConsumerProcess(CollectorProcess):
    """`conversion-tracking consume`."""

    command = "consume"
    port_setting = "CT_CONSUMER_PORT"


class DeliverProcess(CollectorProcess):
    """`conversion-tracking deliver`."""

    command = "deliver"
    port_setting = "CT_DELIVER_PORT"


@contextmanager
def collector(
    folder: Path, database: str, *options: str, **settings: object
) -> Iterator[CollectorProcess]:
    """A collector that runs when the block begins, and is killed at its end."""
    with started(CollectorProcess(folder, database, *options, **settings)) as process:
        yield process


@contextmanager
def consumer(folder: Path, database: str, **settings: object) -> Iterator[ConsumerProcess]:
    """The same of a consumer."""
    with started(ConsumerProcess(folder, database, **settings)) as process:
        yield process


@contextmanager
def deliver(
    folder: Path, database: str, destinations: Path, **settings: object
) -> Iterator[DeliverProcess]:
    """The same of what sends to the destinations of a file."""
    given = {"CT_DESTINATIONS_FILE": destinations, **settings}
    with started(DeliverProcess(folder, database, **given)) as process:
        yield process


@contextmanager
def started(process: Process) -> Iterator[Process]:
    """A process that runs when the block begins, and is killed at its end."""
    try:
        process.start()
        yield process
    finally:
        if process.process is not None:
            process.process.kill()
            process.process.wait()
