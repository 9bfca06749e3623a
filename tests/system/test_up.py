"""`make run`, as a newcomer meets it: start, the printed commands, Ctrl-C, start again."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.system.running import free_port

COMMAND = str(Path(sys.executable).parent / "conversion-tracking")
START_SECONDS = 60


@dataclass(frozen=True)
class Up:
    """A system that `up` started, and what it printed."""

    process: subprocess.Popen[bytes]
    output: Path

    @property
    def printed(self) -> str:
        """Everything so far."""
        return self.output.read_text()

    def commands(self, program: str) -> list[str]:
        """The commands that it printed for a program, each as it stands there."""
        blocks = self.printed.split("\n\n")
        return [b for b in blocks if re.match(rf"\s*\S*{program} ", b)]


@pytest.fixture
def data() -> Iterator[Path]:
    """A folder for the data, where Postgres's own user can go too."""
    with tempfile.TemporaryDirectory(prefix="ct-") as folder:
        yield Path(folder) / "var"


@contextmanager
def up(data: Path, gateway_port: int, collector_port: int) -> Iterator[Up]:
    """`up`, until the block ends; it must then be stopped, or stop at SIGTERM."""
    arguments = ["--gateway-port", str(gateway_port), "--collector-port", str(collector_port)]
    output = data.parent / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [COMMAND, "up", *arguments, "--data", str(data)],
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(lambda: "Ctrl-C stops it all." in output.read_text() or process.poll() is not None)
        yield Up(process, output)
    finally:
        process.terminate()
        process.wait(30)


def wait_for(true: Callable[[], bool]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + START_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def run(command: str) -> str:
    """A command as printed, in a shell."""
    result = subprocess.run(
        command, shell=True, capture_output=True, text=True, timeout=30, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def processes_of(data: Path) -> dict[int, str]:
    """Ids and command lines of processes that work with this folder."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            environment = (folder / "environ").read_bytes().decode(errors="replace")
        except OSError:  # it ended meanwhile
            continue
        if str(data) in command + environment:
            found[int(folder.name)] = command
    return found


def test_the_printed_commands_work_and_a_second_start_finds_its_data(data: Path) -> None:
    gateway_port, collector_port = free_port(), free_port()
    with up(data, gateway_port, collector_port) as system:
        preflight, event, stage = map(run, system.commands("curl"))
        assert preflight.startswith("HTTP/1.1 200")
        assert "Access-Control-Allow-Origin: http://localhost:5177" in preflight
        assert '"success":true' in event
        assert '"success":true' in stage
        [psql] = system.commands("psql")
        rows = run(psql)
        assert re.search(r"channel +\| Paid Search", rows)
        assert re.search(r"stamp_verified +\| t", rows)
        assert re.search(r"converted +\| t", rows)
        assert re.search(r"conversion_value +\| 29\.99", rows)
        assert processes_of(data)
        os.killpg(system.process.pid, signal.SIGINT)  # as a terminal's Ctrl-C does
        assert system.process.wait(30) == 0
    assert processes_of(data) == {}
    with up(data, gateway_port, collector_port) as system:
        [psql] = system.commands("psql")
        assert run(psql) == rows


@pytest.mark.parametrize("setting", ["GATEWAY_PORT", "COLLECTOR_PORT"])
def test_a_taken_port_is_one_clear_line(data: Path, setting: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ports = {"GATEWAY_PORT": str(free_port()), "COLLECTOR_PORT": str(free_port())}
        ports[setting] = port
        result = subprocess.run(
            [
                COMMAND,
                "up",
                *("--gateway-port", ports["GATEWAY_PORT"]),
                *("--collector-port", ports["COLLECTOR_PORT"]),
                *("--data", str(data)),
            ],
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert port in line
    assert setting in line


def test_a_part_that_ends_is_named_and_the_rest_stops(data: Path) -> None:
    with up(data, free_port(), free_port()) as system:
        [collector] = [
            n for n, c in processes_of(data).items() if "conversion-tracking\0serve" in c
        ]
        os.kill(collector, signal.SIGKILL)
        assert system.process.wait(30) == 1
        assert "collector ended" in system.printed
    assert processes_of(data) == {}
