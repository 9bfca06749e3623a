"""A socket that somebody else holds outlives the server, and what waits there is served."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from tests.integration.plugin_server import running
from tests.integration.plugin_server.checks import ECHO, NUMBER, echo_of, expect_no_failure
from tests.integration.plugin_server.conftest import Serve
from tests.integration.plugin_server.kong import Kong
from tests.integration.plugin_server.load import under_load
from tests.integration.plugin_server.running import (
    COMMAND,
    PROBE,
    ROOT,
    Server,
    handing_over,
    wait_until,
)
from tests.processes import is_running

TWO = ("--workers", "2")


@pytest.fixture
def held(directory: Path) -> Iterator[socket.socket]:
    """The socket that Kong connects to, held by this process as by systemd."""
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(str(directory / "plugin.sock"))
        held.listen(4096)
        yield held


def restart(server: Server, held: socket.socket, how: Callable[[Server], object]) -> Server:
    """What systemd does: the next one is started when this one has ended."""
    how(server)
    server.process.wait()
    return running.start(server.directory, *TWO, handed_over=held)


def have_ended(pids: list[int]) -> bool:
    return not any(map(is_running, pids))


def kill(server: Server) -> None:
    os.kill(server.pid, signal.SIGKILL)


@pytest.mark.parametrize("how", [kill, Server.stop], ids=["killed with -9", "stopped"])
def test_a_server_that_is_started_again_under_load_fails_no_request(
    serve: Serve, held: socket.socket, how: Callable[[Server], object]
) -> None:
    server = serve(*TWO, handed_over=held)
    with under_load(server.socket, NUMBER, ECHO, kong_workers=2) as load:
        for _ in range(3):
            load.wait_for_more()
            workers = server.workers()
            server = restart(server, held, how)
            load.wait_for_more()
            wait_until(partial(have_ended, workers))

    running.end(server)
    expect_no_failure(load, "7")


def test_a_second_server_on_the_socket_takes_over_without_a_pause(
    serve: Serve, held: socket.socket, directory: Path
) -> None:
    old = serve(*TWO, "--metrics", "127.0.0.1:0", handed_over=held)
    with under_load(old.socket, NUMBER, ECHO, kong_workers=2) as load:
        load.wait_for_more()
        serve(*TWO, handed_over=held)
        assert old.stop() == 0
        load.wait_for_more()

    expect_no_failure(load, "7")


def test_the_socket_stays_when_the_server_ends_and_what_waits_is_served_by_the_next(
    serve: Serve, held: socket.socket
) -> None:
    server = serve(handed_over=held)
    inode = server.socket.stat().st_ino
    assert server.stop() == 0
    assert server.socket.stat().st_ino == inode

    with socket.socket(socket.AF_UNIX) as waiting:
        waiting.connect(str(server.socket))
        kong = Kong(serve(handed_over=held).socket, NUMBER)
        assert echo_of(kong.run(kong.start_instance(ECHO))) == "7"
        kong.close()


def test_workers_do_not_learn_of_what_was_handed_over(serve: Serve, held: socket.socket) -> None:
    server = serve(handed_over=held)

    environment = Path(f"/proc/{server.worker()}/environ").read_bytes().decode().split("\0")

    assert not [line for line in environment if line.startswith(("LISTEN_", "NOTIFY_"))]
    assert f"{server.socket}, which was handed over" in server.log


def test_a_socket_that_was_handed_to_another_process_is_not_taken(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "1")

    server = serve()

    assert "handed over" not in server.log
    assert server.stop() == 0
    assert not server.socket.exists()


def listening_elsewhere(directory: Path) -> socket.socket:
    elsewhere = socket.socket(socket.AF_UNIX)
    elsewhere.bind(str(directory / "other.sock"))
    elsewhere.listen()
    return elsewhere


def not_listening(directory: Path) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(directory / "plugin.sock"))
    return bound


def datagrams(directory: Path) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    bound.bind(str(directory / "plugin.sock"))
    return bound


def over_tcp(_: Path) -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def a_file(directory: Path) -> IO[bytes]:
    return tempfile.TemporaryFile(dir=directory)


@pytest.mark.parametrize(
    ("make", "count", "reason"),
    [
        (listening_elsewhere, 1, "listens on "),
        (not_listening, 1, "is no Unix socket that listens"),
        (datagrams, 1, "is no Unix socket that listens"),
        (over_tcp, 1, "is no Unix socket that listens"),
        (a_file, 1, "is no socket"),
        (listening_elsewhere, 2, "hands 2 descriptors over"),
    ],
)
def test_what_is_no_socket_for_kong_is_refused_in_one_line(
    directory: Path, make: Callable[[Path], socket.socket | IO[bytes]], count: int, reason: str
) -> None:
    path = directory / "plugin.sock"
    with make(directory) as file:
        done = subprocess.run(
            [*handing_over(count), *COMMAND, "probe", PROBE, "--socket", str(path)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=file.fileno(),
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"cannot listen on {path}" in line
    assert reason in line


def test_who_waits_for_the_start_is_told_when_the_server_serves(
    serve: Serve, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = directory / "notify"
    monkeypatch.setenv("NOTIFY_SOCKET", str(address))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(address))
        told.settimeout(20)

        serve()

        assert told.recv(100) == b"READY=1"
