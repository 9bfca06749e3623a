"""The command: what it prints, where it listens, how it ends with its parent."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from local.processes import free_port
from tests.integration.plugin_server.conftest import Serve
from tests.integration.plugin_server.kong import Kong
from tests.integration.plugin_server.running import (
    COMMAND,
    PROBE,
    ROOT,
    Server,
    children_of,
    scrape,
    wait_until,
)
from tests.processes import is_running

SERVING = "serving plugin"


def run(*arguments: str | Path, module: str = PROBE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "probe", module, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


DUMP = {
    "Protocol": "ProtoBuf:1",
    "Plugins": [
        {
            "Name": "probe",
            "Version": "0.1.0",
            "Priority": 1,
            "Phases": ["access"],
            "Schema": {
                "name": "probe",
                "fields": [
                    {
                        "config": {
                            "type": "record",
                            "fields": [
                                {
                                    "does": {
                                        "type": "string",
                                        "required": True,
                                        "description": "What the phase does.",
                                    }
                                }
                            ],
                        }
                    }
                ],
            },
        }
    ],
}


def test_the_dump_prints_json_and_nothing_else() -> None:
    done = run("--dump")

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == DUMP


def test_the_dump_is_written_to_a_file_and_nothing_is_printed(directory: Path) -> None:
    file = directory / "dump.json"
    file.write_text("old")

    done = run("--dump", file)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads(file.read_text()) == DUMP
    assert list(directory.iterdir()) == [file]


@pytest.mark.parametrize("place", ["missing/plugin.sock", "a file", "x" * 120])
def test_a_place_that_cannot_hold_a_socket_is_one_line(directory: Path, place: str) -> None:
    (directory / "a file").write_text("kept")

    done = run("--socket", directory / place)

    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert f"cannot listen on {directory / place}" in line
    assert (directory / "a file").read_text() == "kept"
    assert [path.name for path in directory.iterdir()] == ["a file"]


def test_a_plugin_that_does_not_import_stops_the_start(directory: Path) -> None:
    done = run("--socket", directory / "plugin.sock", module="a_module_that_does_not_exist")

    assert done.returncode == 1
    assert "a_module_that_does_not_exist" in done.stderr
    assert "worker 1 did not start" in done.stderr.splitlines()[-1]
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize(("options", "mode"), [((), 0o660), (("--socket-mode", "666"), 0o666)])
def test_the_socket_has_the_permissions_that_were_asked_for(
    serve: Serve, options: tuple[str, ...], mode: int
) -> None:
    server = serve(*options)

    for path in (server.socket, server.metrics_socket):
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_metrics_count_events_by_outcome_over_tcp(serve: Serve) -> None:
    port = free_port()
    server = serve("--metrics", f"127.0.0.1:{port}")
    kong = Kong(server.socket)
    for behaviour in ("nothing", "nothing", "exits", "raises"):
        kong.run(kong.start_instance({"does": behaviour}))
    kong.close()

    lines = scrape(("127.0.0.1", port)).splitlines()

    for expected in (
        'kong_plugin_events_total{outcome="ok",worker="1"} 2.0',
        'kong_plugin_events_total{outcome="exit",worker="1"} 1.0',
        'kong_plugin_events_total{outcome="error",worker="1"} 1.0',
        'kong_plugin_event_seconds_count{worker="1"} 4.0',
        'kong_plugin_event_seconds_bucket{le="+Inf",worker="1"} 4.0',
        # the exit, and the log line of the error
        'kong_plugin_pdk_calls_total{worker="1"} 2.0',
        'kong_plugin_events_in_flight{worker="1"} 0.0',
        'kong_plugin_instances{worker="1"} 4.0',
        'kong_plugin_info{name="probe",version="0.1.0",worker="1"} 1.0',
        'kong_plugin_failed_starts_total{worker="1"} 0.0',
        'kong_plugin_protocol_errors_total{worker="1"} 0.0',
        "kong_plugin_restarts_total 0.0",
    ):
        assert expected in lines


def test_a_scraper_that_leaves_does_no_harm(server: Server) -> None:
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as scraper:
            scraper.connect(str(server.metrics_socket))
            scraper.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")

    assert server.metric("kong_plugin_events_in_flight") == 0
    assert "Traceback" not in server.log


@pytest.mark.parametrize("address", ["taken", "no address", "127.0.0.1:http"])
def test_a_wrong_address_for_metrics_is_one_line_and_leaves_a_running_server_alone(
    serve: Serve, address: str
) -> None:
    server = serve()
    inode = server.socket.stat().st_ino
    with socket.create_server(("127.0.0.1", 0)) as other:
        if address == "taken":
            address = f"127.0.0.1:{other.getsockname()[1]}"

        done = run("--socket", server.socket, "--metrics", address)

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"cannot listen on {address}" in line
    assert server.socket.stat().st_ino == inode
    kong = Kong(server.socket)
    assert kong.run(kong.start_instance({})).calls == []
    kong.close()


PARENT = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:])
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("ends_with_parent", [True, False])
def test_the_server_ends_with_its_parent_where_that_is_asked_for(
    directory: Path, ends_with_parent: bool
) -> None:
    path, log = directory / "plugin.sock", directory / "log"
    command = [*COMMAND, "probe", PROBE, "--socket", str(path)]
    with log.open("wb") as errors:
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT, *command, *["--exit-with-parent"] * ends_with_parent],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    with parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        wait_until(lambda: SERVING in log.read_text())
        parent.kill()

    if ends_with_parent:
        wait_until(lambda: not is_running(server), 5)
        assert not path.exists()
    else:
        kong = Kong(path)
        assert kong.run(kong.start_instance({})).calls == []
        kong.close()
        os.kill(server, signal.SIGTERM)
        wait_until(lambda: not is_running(server))


def namespace() -> list[str]:
    """What makes a command process 1; nothing where this machine does not allow it.

    The test above has the other way to be without a parent.
    """
    command = ["unshare", "--pid", "--fork"]
    if shutil.which("unshare") and subprocess.run([*command, "true"], check=False).returncode == 0:
        return command
    return []


@pytest.mark.parametrize("options", [(), ("--exit-with-parent",)])
def test_the_server_runs_as_process_1(directory: Path, options: tuple[str, ...]) -> None:
    path, log, outside = directory / "plugin.sock", directory / "log", namespace()
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*outside, *COMMAND, "probe", PROBE, "--socket", str(path), *options],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=errors,
        )
    with process:
        wait_until(lambda: SERVING in log.read_text())
        (server,) = children_of(process.pid) if outside else [process.pid]
        kong = Kong(path)
        assert kong.run(kong.start_instance({})).calls == []
        (worker,) = children_of(server)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: "starting another" in log.read_text())
        kong.close()
        assert kong.run(kong.start_instance({})).calls == []
        kong.close()
        os.kill(server, signal.SIGTERM)
        assert process.wait(10) == 0
    assert not path.exists()
    assert "Traceback" not in log.read_text()
