"""One healthy system for all of the doctor's tests; what is broken for one stands beside it."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.postgres import PostgresServer
from local.processes import free_port
from local.up import KONG_YML, System
from tests.system.doctor.examined import Examined
from tests.system_fixtures import create_database


@pytest.fixture(scope="module")
def parts(postgres: PostgresServer, template: str) -> Iterator[System]:
    """The parts of a system, to start more of them."""
    url = create_database(postgres, template, f"doctor_{secrets.token_hex(4)}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ct-")))
        yield System(stack, folder, url, secrets.token_hex(32))


@pytest.fixture(scope="module")
def healthy(parts: System) -> Examined:
    """A system as `make run` starts it."""
    collector_port, gateway_port = free_port(), free_port()
    parts.start_collector(collector_port)
    parts.start_plugin_server()
    parts.start_gateway(gateway_port, collector_port)
    return Examined(
        f"http://127.0.0.1:{gateway_port}",
        f"http://127.0.0.1:{collector_port}",
        parts.database_url,
        parts.data,
        KONG_YML,
        parts.gateway_secret,
    )
