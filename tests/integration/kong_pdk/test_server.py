"""The plugin server as a process: its command line, its socket, its end, and kong-pdk's faults."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.kong_pdk.conftest import (
    COMMAND,
    ROOT,
    START_SECONDS,
    StartServer,
    stop,
)
from tests.integration.kong_pdk.kong_driver import (
    KongDriver,
    PluginServerError,
    Request,
)
from tests.processes import is_running

NAME = "conversion-tracking"
VERSION = (ROOT / "VERSION").read_text().strip()


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command with nothing in its environment, as Kong runs a start command."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_query_command_prints_what_kong_reads_and_nothing_else() -> None:
    finished = run("--dump")

    (plugin,) = json.loads(finished.stdout)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert plugin["Name"] == NAME
    assert plugin["Phases"] == ["access"]
    assert (plugin["Version"], plugin["Priority"]) == (VERSION, 3000)
    assert [list(field) for field in plugin["Schema"]["fields"]] == [["config"]]


def test_the_installed_command_is_the_same_server() -> None:
    installed = Path(sys.executable).with_name("conversion-tracking-plugin-kong-pdk")

    finished = subprocess.run(
        [installed, "--dump"], env={}, capture_output=True, text=True, timeout=60, check=True
    )

    assert finished.stdout == run("--dump").stdout


def test_without_kong_pdk_one_line_says_what_to_do() -> None:
    program = (
        "import sys; sys.modules['kong_pdk'] = None;"
        "from conversion_tracking_plugin.hosts.kong_pdk.command import main;"
        "sys.exit(main(['--dump']))"
    )

    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert finished.returncode == 1
    assert finished.stdout == ""
    assert len(finished.stderr.splitlines()) == 1
    assert "is not installed: pip install 'conversion-tracking-plugin[kong-pdk]'" in finished.stderr


def test_a_socket_in_a_directory_that_does_not_exist_is_one_clear_line(tmp_path: Path) -> None:
    finished = run("--socket", str(tmp_path / "missing" / "plugin.sock"))

    assert finished.returncode == 1
    assert len(finished.stderr.splitlines()) == 1
    assert "the directory does not exist; create it" in finished.stderr


def test_a_path_that_is_too_long_for_a_socket_is_one_clear_line(tmp_path: Path) -> None:
    finished = run("--socket", str(tmp_path / ("x" * 108)))

    assert finished.returncode == 1
    assert len(finished.stderr.splitlines()) == 1
    assert str(tmp_path) in finished.stderr
    assert "at most 107 bytes" in finished.stderr


def test_a_file_that_is_no_socket_is_left_alone(socket_path: Path) -> None:
    socket_path.write_text("precious")

    finished = run("--socket", str(socket_path))

    assert finished.returncode == 1
    assert "there is a file that is no socket" in finished.stderr
    assert socket_path.read_text() == "precious"


@pytest.mark.parametrize("arguments", [[], ["--socket", "x", "--dump"], ["--socket-mode", "9"]])
def test_a_wrong_command_line_shows_the_usage(arguments: list[str]) -> None:
    finished = run(*arguments)

    assert finished.returncode == 2
    assert "usage: conversion-tracking-plugin-kong-pdk" in finished.stderr


@pytest.mark.parametrize(("option", "mode"), [([], 0o660), (["--socket-mode", "666"], 0o666)])
def test_the_socket_has_the_permissions_that_were_asked_for(
    start_server: StartServer, socket_path: Path, option: list[str], mode: int
) -> None:
    start_server(*COMMAND, "--socket", str(socket_path), *option)

    assert socket_path.stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_cleanly_and_removes_its_socket(
    server: subprocess.Popen[str], socket_path: Path, number: signal.Signals
) -> None:
    server.send_signal(number)
    _, log = server.communicate(timeout=10)

    assert server.returncode == 0
    assert "Traceback" not in log
    assert list(socket_path.parent.iterdir()) == []


def test_a_request_that_runs_when_the_server_is_stopped_is_finished(
    server: subprocess.Popen[str], kong: KongDriver
) -> None:
    instance = kong.start_instance(NAME, {})
    kong.run(instance, Request())  # the first asks whether nginx writes the CORS headers
    event_id, _ = kong.begin(instance)

    server.terminate()
    time.sleep(0.5)
    step = {"EventId": event_id, "Data": {"content-length": ["1"]}}
    data = kong.rpc("plugin.StepMultiMap", step)["Data"]

    assert data["Method"] == "kong.client.get_forwarded_ip"


def test_log_lines_are_in_utc(
    start_server: StartServer, socket_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    before = datetime.now(UTC)

    log = stop(start_server(*COMMAND, "--socket", str(socket_path)))

    written_at = datetime.fromisoformat(log.split(" ", 1)[0])
    assert before - timedelta(seconds=1) < written_at < datetime.now(UTC)


def test_a_socket_left_by_a_killed_server_is_taken_over(
    server: subprocess.Popen[str],
    start_server: StartServer,
    socket_path: Path,
    kong: KongDriver,
) -> None:
    server.kill()
    server.wait()
    assert socket_path.exists()

    start_server(*COMMAND, "--socket", str(socket_path))

    assert kong.start_instance(NAME, {}) > 0


def test_a_second_server_takes_over_and_the_first_leaves_its_socket_alone(
    server: subprocess.Popen[str],
    start_server: StartServer,
    socket_path: Path,
    kong: KongDriver,
) -> None:
    old_instance = kong.start_instance(NAME, {})
    start_server(*COMMAND, "--socket", str(socket_path))

    kong.run(old_instance, Request())  # on the connection that the first server still has
    stop(server)
    kong.close()

    with pytest.raises(PluginServerError, match="no plugin instance"):
        kong.run(old_instance, Request())
    assert kong.start_instance(NAME, {}) != old_instance


def start_orphan(socket_path: Path, *options: str) -> int:
    """A server whose parent ends at once, so that process 1 (or a subreaper) adopts it."""
    arguments = [*COMMAND, "--socket", str(socket_path), *options]
    program = (
        "import subprocess, sys;"
        "nowhere = subprocess.DEVNULL;"
        "print(subprocess.Popen(sys.argv[1:], stdout=nowhere, stderr=nowhere).pid);"
        "sys.stdout.flush();"
        "sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    deadline = time.monotonic() + START_SECONDS
    while not socket_path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    parent.communicate()  # closes its stdin, at which it ends
    return pid


def test_a_server_whose_parent_is_process_1_keeps_running(
    socket_path: Path, kong: KongDriver
) -> None:
    pid = start_orphan(socket_path)
    try:
        time.sleep(2.5)  # kong-pdk's watchdog looks once a second
        assert kong.start_instance(NAME, {}) > 0
    finally:
        os.kill(pid, signal.SIGTERM)


def test_a_server_that_kong_started_ends_with_it(socket_path: Path) -> None:
    pid = start_orphan(socket_path, "--exit-with-parent")

    deadline = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.1)

    assert not is_running(pid)
    assert not socket_path.exists()
