"""kong-pdk's server with the plugin, as processes, each on a socket in a directory of its own.

kong-pdk installs on Python 3.11 and no later one: on those, these tests are not collected.
"""

import importlib.util
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.kong_pdk.kong_driver import KongDriver

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "conversion_tracking_plugin.hosts.kong_pdk.command"]
FAULTY_COMMAND = [sys.executable, "-m", "tests.integration.kong_pdk.faulty_plugin_server"]
collect_ignore_glob = [] if importlib.util.find_spec("kong_pdk") else ["test_*.py"]

START_SECONDS = 20
STOP_SECONDS = 10

StartServer = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def socket_path() -> Iterator[Path]:
    """A short path: a Unix socket's has at most 107 characters, and pytest's tmp_path is long."""
    with tempfile.TemporaryDirectory(prefix="ct-") as directory:
        yield Path(directory) / "plugin.sock"


@pytest.fixture
def start_server(socket_path: Path) -> Iterator[StartServer]:
    """Starts a command and waits until it listens on `socket_path`; all are stopped at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(*command: str) -> subprocess.Popen[str]:
        before = socket_path.stat().st_ino if socket_path.exists() else None
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        wait_for_socket(socket_path, process, before)
        return process

    yield start
    for process in started:
        stop(process)


@pytest.fixture
def server(start_server: StartServer, socket_path: Path) -> subprocess.Popen[str]:
    """The project's plugin server."""
    return start_server(*COMMAND, "--socket", str(socket_path))


@pytest.fixture
def faulty_server(start_server: StartServer, socket_path: Path) -> subprocess.Popen[str]:
    """The same server with a plugin that misbehaves."""
    return start_server(*FAULTY_COMMAND, str(socket_path))


@pytest.fixture
def kong(socket_path: Path) -> Iterator[KongDriver]:
    """Kong's part; needs a server fixture beside it."""
    driver = KongDriver(socket_path)
    yield driver
    driver.close()


def wait_for_socket(path: Path, process: subprocess.Popen[str], before: int | None) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not path.exists() or path.stat().st_ino == before:
        if process.poll() is not None:
            pytest.fail(f"the plugin server ended at its start: {process.communicate()[1]}")
        if time.monotonic() > deadline:
            pytest.fail("the plugin server does not listen")
        time.sleep(0.02)


def stop(process: subprocess.Popen[str]) -> str:
    """Ask a server to stop. Returns what it wrote to stderr."""
    process.terminate()
    try:
        return process.communicate(timeout=STOP_SECONDS)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
