"""The local gateway with the three routes, for those who have no Kong at hand."""

from __future__ import annotations

import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.gateway.cases import CORS, OURS, PLAIN
from bench.processes import Tree
from local.processes import accepts_connections, free_port, wait_until
from local.up import System

KONG_YML = Path(__file__).parent / "kong.yml"
WARNING = (
    "This is the local gateway, a stand-in written in Python: its figures say nothing of a Kong, "
    "which is many times as fast. Use them to compare one change of the plugin with another."
)


@dataclass(frozen=True, slots=True)
class Running:
    """Addresses of the three routes, and the processes."""

    routes: dict[str, str]
    gateway: Tree
    server: Tree


@contextmanager
def run_local_gateway() -> Iterator[Running]:
    """Upstream, plugin server and gateway on free ports, for as long as the block runs."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ct-bench-")))
        system = System(
            stack,
            folder,
            database_url="",  # no collector runs here
            gateway_secret=secrets.token_hex(32),
            kong_yml=KONG_YML,
        )
        upstream_port, gateway_port = free_port(), free_port()
        start_upstream(system, upstream_port)
        server = system.start_plugin_server()
        gateway = system.start_gateway(gateway_port, upstream_port)
        yield Running(
            {name: f"http://127.0.0.1:{gateway_port}/{name}" for name in (PLAIN, CORS, OURS)},
            Tree("gateway", gateway.process.pid),
            Tree("server", server.process.pid),
        )


def start_upstream(system: System, port: int) -> None:
    """Something behind the gateway that answers."""
    command = [sys.executable, "-m", "bench.noop", "--port", str(port)]
    child = system.start("upstream", command, {})
    wait_until(lambda: accepts_connections(port), child)
