"""The command `conversion-tracking serve`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from collector.serving.serve import serve
from collector.serving.workers import serve_with_workers
from collector.settings import Settings


def add_serve(command: argparse.ArgumentParser, read_settings: Callable[[], Settings]) -> None:
    """The command `serve` and its options."""
    command.add_argument(
        "--workers",
        type=positive,
        default=1,
        metavar="N",
        help="processes on the one port, for machines with more cores (default: %(default)s)",
    )
    command.set_defaults(run=lambda options: run_serve(read_settings(), options.workers))


def positive(text: str) -> int:
    """A whole number from 1. Raises ValueError, which argparse turns into a clear line."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def run_serve(settings: Settings, workers: int) -> None:
    """`serve`. Raises as serve and serve_with_workers do."""
    if workers == 1:
        serve(settings)
    else:
        serve_with_workers(settings, workers)
