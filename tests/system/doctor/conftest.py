"""One healthy system for all tests of the doctor; what is broken for one test stands beside it."""

from __future__ import annotations

import copy
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

from collector.doctor.kong_rules import plain_origins
from collector.doctor.options import Options
from local.postgres import PostgresServer
from local.processes import free_port
from local.up import KONG_YML, PLUGIN_SERVER, System
from tests.system.doctor.examined import Examined
from tests.system_fixtures import create_database

DOCUMENT: dict[str, Any] = yaml.safe_load(KONG_YML.read_text())

RunGateway: TypeAlias = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="session")
def parts(postgres: PostgresServer, template: str) -> Iterator[System]:
    """The parts of a system, to start more of them."""
    url = create_database(postgres, template, f"doctor_{secrets.token_hex(4)}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ct-")))
        yield System(stack, folder, url, secrets.token_hex(32))


@pytest.fixture(scope="session")
def healthy(parts: System) -> Examined:
    """A system as `make run` starts it, and its plugin server's metrics."""
    collector_port, gateway_port = free_port(), free_port()
    parts.start_collector(collector_port)
    metrics = f"unix:{parts.data / 'metrics.sock'}"
    replace(parts, plugin_command=(*PLUGIN_SERVER, "--metrics", metrics)).start_plugin_server()
    parts.start_gateway(gateway_port, collector_port)
    options = Options(
        gateway=f"http://127.0.0.1:{gateway_port}",
        database=parts.database_url,
        collector=f"http://127.0.0.1:{collector_port}",
        is_collector_named=True,
        document=DOCUMENT,
        document_path=KONG_YML,
        origins=plain_origins(DOCUMENT),
        plugin_socket=parts.plugin_socket,
        plugin_metrics=metrics,
    )
    return Examined(options, collector_port)


@pytest.fixture
def run_gateway(parts: System, healthy: Examined, tmp_path: Path) -> RunGateway:
    """Another gateway before the same parts, or some of them: `with run_gateway(change) as url`.

    `change` changes kong.yml; `system` are fields of System.
    """

    @contextmanager
    def run(
        change: Callable[[dict[str, Any]], None] = lambda _document: None,
        collector_port: int | None = None,
        **system: Any,
    ) -> Iterator[str]:
        document = copy.deepcopy(DOCUMENT)
        change(document)
        kong_yml = tmp_path / "kong.yml"
        kong_yml.write_text(yaml.safe_dump(document))
        port = free_port()
        with ExitStack() as stack:
            changed = replace(parts, stack=stack, kong_yml=kong_yml, **system)
            changed.start_gateway(port, collector_port or healthy.collector_port)
            yield f"http://127.0.0.1:{port}"

    return run
