"""The command `conversion-tracking consume`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from collector.consume.serve import consume
from collector.settings import Settings


def add_consume(command: argparse.ArgumentParser, read_settings: Callable[[], Settings]) -> None:
    """The command `consume`."""
    command.set_defaults(run=lambda _options: consume(read_settings()))
