"""The plugin in each of its servers: every test that asks for `kong` runs in both."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.plugin.servers import SERVERS, Kong, PluginServer

START_SECONDS = 20
STOP_SECONDS = 10


@dataclass(frozen=True)
class RunningServer:
    """A plugin server, its socket, and the file that its log goes to."""

    kind: PluginServer
    socket: Path
    log: Path


@pytest.fixture(scope="module", params=list(SERVERS.values()), ids=list(SERVERS))
def server(request: pytest.FixtureRequest) -> Iterator[RunningServer]:
    # Not pytest's tmp_path: a Unix socket's path has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="ct-") as folder:
        running = RunningServer(request.param, Path(folder) / "plugin.sock", Path(folder) / "log")
        with running.log.open("w") as log:
            process = running.kind.start(running.socket, log)
        wait_for_socket(running, process)
        yield running
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
            process.wait()


def wait_for_socket(server: RunningServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.socket.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            pytest.fail(f"the plugin server does not listen: {server.log.read_text()}")
        time.sleep(0.02)


@pytest.fixture
def kong(server: RunningServer) -> Iterator[Kong]:
    """Kong's part beside the server, in the server's protocol."""
    playing = server.kind.play_kong(server.socket)
    yield playing
    playing.close()
