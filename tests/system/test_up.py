"""`make run`, as a newcomer meets it: start, the printed commands, Ctrl-C, start again."""

from __future__ import annotations

import json
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
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from local.processes import free_port
from local.up import Ports

# tools/release_check.py names the one that it has installed from the wheels.
COMMAND = os.environ.get("UP_COMMAND", str(Path(sys.executable).parent / "conversion-tracking"))
START_SECONDS = 100  # on a machine with other work; a fifth otherwise


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


def free_ports() -> Ports:
    """Ports that nothing listens on."""
    return Ports(
        gateway=free_port(), collector=free_port(), demo=free_port(), dashboard=free_port()
    )


def up_command(data: Path, ports: Ports, *options: str) -> list[str]:
    """The command line of `up`."""
    return [
        *(COMMAND, "up"),
        *("--gateway-port", str(ports.gateway)),
        *("--collector-port", str(ports.collector)),
        *("--demo-port", str(ports.demo)),
        *("--dashboard-port", str(ports.dashboard)),
        *("--data", str(data)),
        *options,
    ]


@contextmanager
def up(data: Path, ports: Ports, *options: str) -> Iterator[Up]:
    """`up`, until the block ends; it must then be stopped, or stop at SIGTERM."""
    output = data.parent / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            up_command(data, ports, *options),
            cwd=data.parent,  # it needs nothing of a checkout but what is installed
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


@dataclass(frozen=True)
class Started:
    """A system that several tests look at, and with what it was started."""

    system: Up
    data: Path
    ports: Ports


@pytest.fixture(scope="module")
def started() -> Iterator[Started]:
    """A system on a folder of its own; the last test that uses it stops it."""
    ports = free_ports()
    with tempfile.TemporaryDirectory(prefix="ct-") as folder:
        data = Path(folder) / "var"
        with up(data, ports) as system:
            yield Started(system, data, ports)


def test_the_printed_commands_work(started: Started) -> None:
    preflight, event, stage, report = map(run, started.system.commands("curl"))
    assert preflight.startswith("HTTP/1.1 200")
    assert f"Access-Control-Allow-Origin: http://localhost:{started.ports.demo}" in preflight
    assert '"success":true' in event
    assert '"success":true' in stage
    assert json.loads(report)["report"] == "channels"
    [psql] = started.system.commands("psql")
    rows = run(psql)
    assert re.search(r"channel +\| Paid Search", rows)
    assert re.search(r"stamp_verified +\| t", rows)
    assert re.search(r"converted +\| t", rows)
    assert re.search(r"conversion_value +\| 29\.99", rows)


def token_of(system: Up, ports: Ports) -> str:
    """What it says that the dashboard is signed in to with."""
    [(address, token)] = re.findall(r"dashboard  (\S+)   \(sign in with (\w+)\)", system.printed)
    assert address == f"http://localhost:{ports.dashboard}"
    return str(token)


def test_the_dashboard_s_token_is_printed_and_signs_in(started: Started) -> None:
    token = token_of(started.system, started.ports)
    answer = run(f"curl -s -i http://localhost:{started.ports.dashboard}/login -d token={token}")
    assert answer.startswith("HTTP/1.1 303")
    assert (started.data / "dashboard-token").stat().st_mode & 0o777 == 0o600


def test_the_demo_is_the_first_address_and_its_origin_is_allowed(started: Started) -> None:
    origin = f"http://localhost:{started.ports.demo}"
    assert f"Conversion tracking is running: open {origin}\n" in started.system.printed
    home = run(f"curl -s {origin}/")
    assert f'src="http://127.0.0.1:{started.ports.gateway}/t.js"' in home
    [preflight, event, *_] = started.system.commands("curl")
    for allowed in (origin, "https://www.ainative.studio"):
        answer = run(preflight.replace(origin, allowed))
        assert f"Access-Control-Allow-Origin: {allowed}\n" in answer.replace("\r", "")
    stranger = run(preflight.replace(origin, "http://localhost:1"))
    assert "Access-Control-Allow-Origin" not in stranger
    run(event)
    [shown, *_] = json.loads(run(f"curl -s {origin}/api/last"))["events"]
    assert (shown["event_name"], shown["channel"]) == ("Pricing", "Paid Search")


def test_ctrl_c_stops_it_all_and_a_second_start_finds_its_data(started: Started) -> None:
    [event] = [c for c in started.system.commands("curl") if "Pricing" in c]
    run(event)
    [psql] = started.system.commands("psql")
    rows = run(psql)
    assert processes_of(started.data)
    os.killpg(started.system.process.pid, signal.SIGINT)  # as a terminal's Ctrl-C does
    assert started.system.process.wait(30) == 0
    assert processes_of(started.data) == {}
    with up(started.data, started.ports) as system:
        assert run(psql) == rows
        assert token_of(system, started.ports) == token_of(started.system, started.ports)
    assert processes_of(started.data) == {}


@pytest.mark.parametrize("name", ["gateway", "collector", "demo", "dashboard"])
def test_a_taken_port_is_one_clear_line(data: Path, name: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = subprocess.run(
            up_command(data, replace(free_ports(), **{name: port})),
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert str(port) in line
    assert f"up --{name}-port {port + 1}" in line
    assert f"{name.upper()}_PORT={port + 1} make run" in line


@pytest.mark.parametrize(
    ("part", "command"),
    [
        ("collector", "conversion-tracking\0serve"),
        ("demo", "local.demo\0"),
        ("dashboard", "conversion-tracking\0dashboard"),
    ],
)
def test_a_part_that_ends_is_named_and_the_rest_stops(data: Path, part: str, command: str) -> None:
    with up(data, free_ports()) as system:
        [process] = [number for number, c in processes_of(data).items() if command in c]
        os.kill(process, signal.SIGKILL)
        assert system.process.wait(30) == 1
        assert f"{part} ended" in system.printed
    assert processes_of(data) == {}


def test_a_demo_has_days_of_traffic_in_its_reports_and_a_second_start_adds_none(
    data: Path,
) -> None:
    ports = free_ports()
    sessions = []
    for _ in range(2):
        with up(data, ports, "--traffic-days", "3") as system:
            *_, report = system.commands("curl")
            rows = json.loads(run(report))["rows"]
            assert {"Direct", "Organic Search", "Paid Search"} <= {row["name"] for row in rows}
            sessions.append(sum(row["sessions"] for row in rows))
            assert ("there is some from the last time" in system.printed) == (len(sessions) == 2)
    assert sessions[0] > 100
    assert sessions[1] == sessions[0]


def test_with_a_queue_each_part_that_is_killed_is_started_again(data: Path) -> None:
    with up(data, free_ports(), "--queue") as system:
        wait_for(lambda: len(killable(system)) == 8)
        [event] = [c for c in system.commands("curl") if "Pricing" in c]
        [psql] = system.commands("psql")
        for name in reversed(killable(system)):  # the standby before the primary
            kill(system, name)
        assert "postgres-2 becomes the primary" in system.printed
        wait_for(lambda: "HTTP/1.1 202" in run(event))
        wait_for(lambda: "Paid Search" in run(psql))
    assert processes_of(data) == {}


def killable(system: Up) -> dict[str, int]:
    """The parts that it says may be killed, and their processes by now."""
    lines = re.findall(r"^  (\S+) +kill -9 (\d+)$", system.printed, re.MULTILINE)
    return {name: int(pid) for name, pid in lines}


def kill(system: Up, name: str) -> None:
    """Kill a part, and return when there is another in its place."""
    pid = killable(system)[name]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: killable(system)[name] != pid)
