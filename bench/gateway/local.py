"""The local gateway, which has no cors plugin, with the two other routes."""

from __future__ import annotations

import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

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
    """Addresses of the routes, and the processes."""

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
            kong_yml=write_kong_yml(folder),
        )
        upstream_port, gateway_port = free_port(), free_port()
        start_upstream(system, upstream_port)
        server = system.start_plugin_server()
        gateway = system.start_gateway(gateway_port, upstream_port)
        yield Running(
            {name: f"http://127.0.0.1:{gateway_port}/{name}" for name in (PLAIN, OURS)},
            Tree("gateway", gateway.process.pid),
            Tree("server", server.process.pid),
        )


def write_kong_yml(folder: Path) -> Path:
    """kong.yml without the route of Kong's cors plugin."""
    config = yaml.safe_load(KONG_YML.read_text(encoding="utf-8"))
    [service] = config["services"]
    service["routes"] = [route for route in service["routes"] if route["name"] != CORS]
    copy = folder / "kong.yml"
    copy.write_text(yaml.safe_dump(config), encoding="utf-8")
    return copy


def start_upstream(system: System, port: int) -> None:
    """Something behind the gateway that answers."""
    command = [sys.executable, "-m", "bench.noop", "--port", str(port)]
    child = system.start("upstream", command, {})
    wait_until(lambda: accepts_connections(port), child)
