"""The command `conversion-tracking up`: local/, a distribution of its own, does the work."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from collector.errors import OperatorError


class UpError(OperatorError):
    """The system cannot be started on this machine. The message says why."""


def add_up(command: argparse.ArgumentParser, _read_settings: Callable[[], object]) -> None:
    """The command `up` and its options."""
    add = command.add_argument
    add("--gateway-port", type=int, default=8000, help="default: %(default)s")
    add("--collector-port", type=int, default=8080, help="default: %(default)s")
    add("--demo-port", type=int, default=5177, help="default: %(default)s")
    add("--dashboard-port", type=int, default=8090, help="default: %(default)s")
    text = "folder of the data (default: %(default)s)"
    add("--data", type=Path, default=Path("var"), help=text)
    text = "fill an empty database with so many days of made-up traffic first"
    add("--traffic-days", type=int, default=0, metavar="DAYS", help=text)
    text = "with a queue before Postgres: three servers, two collectors, two consumers, a standby"
    add("--queue", action="store_true", help=text)
    command.set_defaults(run=run_up)


def run_up(options: argparse.Namespace) -> None:
    """`up`. Raises UpError where it is not installed, or a part does not start."""
    try:
        # Production does not need it.
        from local.processes import LocalSystemError  # noqa: PLC0415
        from local.up import Ports, up  # noqa: PLC0415
    except ImportError as error:
        raise UpError(
            f"up needs what pip install 'conversion-tracking[local]' brings ({error})"
        ) from error
    ports = Ports(
        gateway=options.gateway_port,
        collector=options.collector_port,
        demo=options.demo_port,
        dashboard=options.dashboard_port,
    )
    try:
        up(ports, options.data, options.traffic_days, options.queue)
    except LocalSystemError as error:
        raise UpError(str(error)) from error
