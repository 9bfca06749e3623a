"""The plugin server as a process of its own, and what the machine says about it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROBE = "tests.integration.plugin_server.probe_plugin"
TRACKING = "conversion_tracking_plugin.plugin"
COMMAND = (sys.executable, "-m", "kong_plugin_server")

WORKER_LABEL = re.compile(r',?worker="(\d+)"')

START_SECONDS = 20
STOP_SECONDS = 15


@dataclass(frozen=True)
class Server:
    """A running supervisor."""

    process: subprocess.Popen[bytes]
    directory: Path

    @property
    def socket(self) -> Path:
        return self.directory / "plugin.sock"

    @property
    def metrics_socket(self) -> Path:
        return self.directory / "metrics.sock"

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    @property
    def pid(self) -> int:
        return self.process.pid

    def workers(self) -> list[int]:
        return children_of(self.pid)

    def worker(self) -> int:
        (pid,) = self.workers()
        return pid

    def stop(self) -> int:
        """SIGTERM. Returns the exit code."""
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)

    def metric(self, name: str) -> float:
        """A number of the metrics, of all workers together; 0 where it is not there."""
        return sum(self.metric_by_worker(name).values())

    def metric_by_worker(self, name: str) -> dict[str, float]:
        """A number of the metrics; what the supervisor counts is under an empty name."""
        found = {}
        for line in scrape(self.metrics_socket).splitlines():
            series, _, value = line.rpartition(" ")
            if WORKER_LABEL.sub("", series).removesuffix("{}") == name:
                label = WORKER_LABEL.search(series)
                found[label[1] if label else ""] = float(value)
        return found


def start(
    directory: Path,
    *options: str,
    name: str = "probe",
    module: str = PROBE,
    path: Path | str = ROOT,
    descriptors: int | None = None,
    handed_over: socket.socket | None = None,
    before: Sequence[str] = (),
    command: Sequence[str] = COMMAND,
) -> Server:
    """Start a server that listens on directory/plugin.sock, and wait until it serves.

    `descriptors` is the most that each of its processes may have, where it is not this one's;
    `handed_over` is the listening socket that it is started with, as systemd does it. `before`
    is a command that starts it.
    """
    limit = ("sh", "-c", f'ulimit -n {descriptors}; exec "$0" "$@"') if descriptors else ()
    handing = handing_over() if handed_over else ()
    # To a file: a pipe that nobody reads would block the server in the middle of a test.
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(*before, *limit, *handing, *command, name, module),
                *("--socket", str(directory / "plugin.sock")),
                *("--metrics", f"unix:{directory / 'metrics.sock'}", *options),
            ],
            env={**os.environ, "PYTHONPATH": str(path)},
            stdin=handed_over.fileno() if handed_over else None,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    server = Server(process, directory)
    try:
        wait_until(lambda: "serving plugin" in server.log or process.poll() is not None)
        assert process.poll() is None, server.log
    except BaseException:
        process.kill()
        process.wait()
        raise
    return server


def handing_over(count: int = 1) -> tuple[str, ...]:
    """What starts a command with its standard input handed over: a tiny systemd."""
    script = f'exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS={count} exec "$0" "$@"'
    return "sh", "-c", script


def end(server: Server) -> None:
    """Stop a server, whatever a test has done to it."""
    if server.process.poll() is None:
        try:
            server.stop()
        except subprocess.TimeoutExpired:
            for pid in (*server.workers(), server.pid):
                os.kill(pid, 9)
            server.process.wait()


def wait_until(is_so: Callable[[], object], seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def scrape(address: Path | tuple[str, int]) -> str:
    """The text of the metrics."""
    status, body = ask_for_metrics(address)
    assert status == "HTTP/1.1 200 OK"
    return body


def ask_for_metrics(address: Path | tuple[str, int]) -> tuple[str, str]:
    """The status line and the body."""
    family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(START_SECONDS)
        connection.connect(address if isinstance(address, tuple) else str(address))
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    assert f"Content-Length: {len(body)}" in headers
    return status, body.decode()


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def resident_kilobytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
