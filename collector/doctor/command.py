"""The command `doctor`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

from collector.doctor.run import run


def add_doctor(command: argparse.ArgumentParser, _read_settings: Callable[[], object]) -> None:
    """The command `doctor` and its options."""
    add = command.add_argument
    add("--gateway", metavar="URL", help="address of Kong, as pages know it")
    add("--database", metavar="URL", help="address of Postgres (default: CT_DATABASE_URL)")
    add("--collector", metavar="URL", help="address of a collector itself (default: CT_PORT)")
    add("--file", type=Path, metavar="KONG_YML", help="Kong's declarative file; alone: only that")
    add("--origin", action="append", default=[], help="an origin of your pages; more than once")
    add("--address", type=address, help="this machine's public address, where it is behind NAT")
    add("--ca-file", type=Path, help="certificates of an authority of your own")
    add(
        "--closed-port",
        type=int,
        action="append",
        default=[],
        metavar="PORT",
        help="a port of the gateway's host that must be closed (default: 8001 8444 8080 8090)",
    )
    add("--nginx-folder", type=Path, metavar="DIR", help="where nginx's files are")
    add("--plugin-socket", type=Path, metavar="PATH", help="the plugin server's socket")
    add("--plugin-metrics", metavar="ADDRESS", help="its metrics: unix:PATH or HOST:PORT")
    add("--json", action="store_true", help="write the lines as JSON")
    add("--strict", action="store_true", help="end with 2 where there are warnings alone")
    command.set_defaults(run=run)


def address(text: str) -> str:
    """An IP address. Raises ValueError, which argparse turns into a clear line."""
    return str(ip_address(text))
