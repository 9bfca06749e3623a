"""Servers that are stopped at the end, each in a short directory of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.plugin_server import running
from tests.integration.plugin_server.checks import CHANGING
from tests.integration.plugin_server.kong import Kong
from tests.integration.plugin_server.running import Server

Serve = Callable[..., Server]


@pytest.fixture
def directory() -> Iterator[Path]:
    """A Unix socket's path has at most 107 characters, and pytest's tmp_path is long."""
    with tempfile.TemporaryDirectory(prefix="ct-") as name:
        yield Path(name)


@pytest.fixture
def serve(directory: Path) -> Iterator[Serve]:
    """Starts servers; see running.start."""
    started: list[Server] = []

    def start(*options: str, **settings: str | Path | int) -> Server:
        started.append(running.start(directory, *options, **settings))  # type: ignore[arg-type]  # its own defaults
        return started[-1]

    yield start
    for server in started:
        running.end(server)


def serve_changing(serve: Serve, directory: Path, *options: str) -> tuple[Server, Path]:
    """A server of a plugin that answers `old`, and its module, for a test to write anew."""
    module = directory / "changing_plugin.py"
    module.write_text(CHANGING.format(echo="old"))
    return serve(*options, module=module.stem, path=directory), module


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with the probe plugin, for all tests of a module."""
    with one_server() as server:
        yield server


@contextmanager
def one_server(*options: str, **settings: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="ct-") as name:
        server = running.start(Path(name), *options, **settings)  # type: ignore[arg-type]  # its own defaults
        yield server
        running.end(server)


@pytest.fixture
def kong(server: Server) -> Iterator[Kong]:
    """Kong beside `server`."""
    driver = Kong(server.socket)
    yield driver
    driver.close()
